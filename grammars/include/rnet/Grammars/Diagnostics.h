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

/// Prints diagnostics of one buffer of a SourceMgr, in the order in which they come. Not copyable;
/// one thread.
class Diagnostics {
public:
  Diagnostics(llvm::SourceMgr &sources, unsigned buffer, llvm::raw_ostream &out)
      : sources(sources), buffer(buffer), out(out) {}

  /// Switches a warning off. False where there is no warning of this id.
  bool disable(llvm::StringRef id);

  /// Reports under an id of Diagnostics.def. After fifty errors the rest is only counted.
  void report(llvm::StringRef id, ast::Range range, const llvm::Twine &message);
  /// More about the last report, at another place.
  void note(ast::Range range, const llvm::Twine &message);

  unsigned errors() const { return errorCount; }

private:
  void print(ast::Range range, llvm::SourceMgr::DiagKind kind, const llvm::Twine &message);

  llvm::SourceMgr &sources;
  unsigned buffer;
  llvm::raw_ostream &out;
  llvm::StringSet<> disabled;
  unsigned errorCount = 0;
  bool silent = false;
};

/// "; did you mean 'fog2'?" for the nearest of some names, or nothing.
std::string suggest(llvm::StringRef wrong, llvm::ArrayRef<llvm::StringRef> known);

} // namespace rnet
