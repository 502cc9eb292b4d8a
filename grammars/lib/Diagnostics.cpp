// Diagnostics.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Grammars/Diagnostics.h"

using namespace rnet;

static constexpr unsigned kMaxErrors = 50;

static constexpr bool error = true, warning = false;
static const DiagnosticKind kKinds[] = {
#define RNET_DIAGNOSTIC(ID, SEVERITY, MEANING) {ID, SEVERITY, MEANING},
#include "rnet/Grammars/Diagnostics.def"
#undef RNET_DIAGNOSTIC
};

llvm::ArrayRef<DiagnosticKind> rnet::getDiagnosticKinds() { return kKinds; }

static const DiagnosticKind &find(llvm::StringRef id) {
  for (const DiagnosticKind &kind : kKinds)
    if (kind.id == id)
      return kind;
  llvm_unreachable("a diagnostic that Diagnostics.def does not have");
}

bool Diagnostics::disable(llvm::StringRef id) {
  for (const DiagnosticKind &kind : kKinds)
    if (kind.id == id && !kind.isError) {
      disabled.insert(id);
      return true;
    }
  return false;
}

void Diagnostics::print(ast::Range range, llvm::SourceMgr::DiagKind kind,
                        const llvm::Twine &message) {
  const char *text = getText(range.file).begin();
  auto at = [&](uint32_t offset) { return llvm::SMLoc::getFromPointer(text + offset); };
  sources.PrintMessage(out, at(range.begin), kind, message,
                       llvm::SMRange(at(range.begin), at(range.end)));
}

void Diagnostics::report(llvm::StringRef id, ast::Range range, const llvm::Twine &message) {
  const DiagnosticKind &kind = find(id);
  silent = kind.isError ? errorCount >= kMaxErrors : disabled.contains(id);
  const std::string text = silent ? "" : (message + " [" + id + "]").str();
  if (!silent) {
    const std::string place = std::to_string(range.file) + ":" + std::to_string(range.begin) + ":";
    silent = !said.insert(place + text).second;
    if (silent)
      return;
  }
  errorCount += kind.isError;
  if (silent)
    return;
  print(range, kind.isError ? llvm::SourceMgr::DK_Error : llvm::SourceMgr::DK_Warning, text);
  for (const auto &[place, why] : llvm::reverse(contexts))
    note(place, why);
}

void Diagnostics::note(ast::Range range, const llvm::Twine &message) {
  if (!silent)
    print(range, llvm::SourceMgr::DK_Note, message);
}

std::string rnet::suggest(llvm::StringRef wrong, llvm::ArrayRef<llvm::StringRef> known) {
  if (known.size() > 1000) // a suggestion is not worth more
    return "";
  llvm::StringRef best;
  unsigned distance = wrong.size() / 3 + 2;
  for (llvm::StringRef name : known)
    if (unsigned d = wrong.edit_distance(name, true, distance); d < distance) {
      distance = d;
      best = name;
    }
  return best.empty() ? "" : ("; did you mean '" + best + "'?").str();
}
