// From text to AST.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/Diagnostics.h"

namespace rnet {

/// Parses one file, which is a buffer of the diagnostics' SourceMgr. Nothing, and a diagnostic,
/// where it breaks the grammar of grammars/rnet.ebnf.
std::optional<ast::File> parse(uint32_t file, Diagnostics &diagnostics);

/// Parses a file and all that it imports, relative to the file that imports: what is imported comes
/// before what imports it, each file once. Adds buffers to `sources`, which are the diagnostics'.
std::optional<std::vector<ast::File>> load(uint32_t file, llvm::SourceMgr &sources,
                                           Diagnostics &diagnostics);

} // namespace rnet
