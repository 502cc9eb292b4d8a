// The tokens of a text, for what the parser's tree does not say: comments, messages, brackets.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/AST.h"

#include "llvm/ADT/StringRef.h"

namespace rnet {

struct Tokens {
  std::vector<ast::Range> tokens;
  std::vector<ast::Comment> comments;
};

/// Cuts a text as grammars/rnet.ebnf does. What is no token of the language is cut all the same:
/// nothing but blanks is left out. `file` is that of the ranges.
Tokens tokenize(llvm::StringRef text, uint32_t file);

/// The token that begins at a place, or nothing at the end of the text.
llvm::StringRef tokenAt(llvm::StringRef text, size_t at);

} // namespace rnet
