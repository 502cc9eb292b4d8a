// From text to AST.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/Diagnostics.h"

namespace rnet {

/// Parses a whole spec. Nothing, and a diagnostic, where it breaks the grammar of
/// grammars/rnet.ebnf.
std::optional<ast::File> parse(llvm::StringRef text, Diagnostics &diagnostics);

} // namespace rnet
