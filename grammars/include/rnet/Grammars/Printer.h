// The formatter, and the tree as text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/AST.h"

#include "llvm/Support/raw_ostream.h"

namespace rnet {

/// The spec in its one format. Keeps comments and single blank lines between items; idempotent.
/// `text` is what was parsed.
void print(const ast::File &file, llvm::StringRef text, llvm::raw_ostream &out);

/// The tree, a line for each node, with byte ranges: for tests and for looking.
void dump(const ast::File &file, llvm::raw_ostream &out);

} // namespace rnet
