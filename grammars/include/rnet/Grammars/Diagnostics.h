// Diagnostics: what was found, what was expected, where, and the other place involved.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/AST.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/SourceMgr.h"

namespace rnet {

/// One row of Diagnostics.def.
struct DiagnosticKind {
  llvm::StringRef id;
  bool isError;
  llvm::StringRef meaning;
};
llvm::ArrayRef<DiagnosticKind> getDiagnosticKinds();

/// Prints diagnostics of a SourceMgr's buffers, in the order in which they come. Not copyable; one
/// thread.
class Diagnostics {
public:
  Diagnostics(const llvm::SourceMgr &sources, llvm::raw_ostream &out)
      : sources(sources), out(out) {}

  /// Switches a warning off. False where there is no warning of this id.
  bool disable(llvm::StringRef id);

  /// Reports under an id of Diagnostics.def. After fifty errors the rest is only counted. What has
  /// been said of a place is not said again: a block may be used many times.
  void report(llvm::StringRef id, ast::Range range, const llvm::Twine &message);
  /// More about the last report, at another place.
  void note(ast::Range range, const llvm::Twine &message);

  unsigned errors() const { return errorCount; }
  /// The text of a file, by its number in a range.
  llvm::StringRef getText(uint32_t file) const {
    return sources.getMemoryBuffer(file)->getBuffer();
  }

  /// While it lives, each report gets a note about the way that led there: a call, an import.
  class Context {
  public:
    Context(Diagnostics &diagnostics, ast::Range range, std::string message)
        : diagnostics(diagnostics) {
      diagnostics.contexts.emplace_back(range, std::move(message));
    }
    ~Context() { diagnostics.contexts.pop_back(); }
    Context(const Context &) = delete;

  private:
    Diagnostics &diagnostics;
  };

private:
  void print(ast::Range range, llvm::SourceMgr::DiagKind kind, const llvm::Twine &message);

  const llvm::SourceMgr &sources;
  llvm::raw_ostream &out;
  llvm::StringSet<> disabled, said;
  std::vector<std::pair<ast::Range, std::string>> contexts;
  unsigned errorCount = 0;
  bool silent = false;
};

/// "; did you mean 'fog2'?" for the nearest of some names, or nothing.
std::string suggest(llvm::StringRef wrong, llvm::ArrayRef<llvm::StringRef> known);

} // namespace rnet
