// Tokens.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Tokens.h"

#include "llvm/ADT/StringExtras.h"

using namespace rnet;

static bool isWord(char c) { return llvm::isAlnum(c) || c == '_'; }

llvm::StringRef rnet::tokenAt(llvm::StringRef text, size_t at) {
  llvm::StringRef rest = text.drop_front(at);
  if (rest.empty())
    return rest;
  if (rest.front() == '"') {
    const size_t end = rest.find_first_of("\"\n", 1);
    return rest.take_front(end == llvm::StringRef::npos || rest[end] == '\n' ? end : end + 1);
  }
  if (rest.starts_with("->") || rest.starts_with(".."))
    return rest.take_front(2);
  size_t size = rest.take_while(isWord).size();
  if (size == 0)
    return rest.take_front(1);
  // A number goes on behind its point and the sign of its exponent.
  if (llvm::isDigit(rest.front()))
    while (size + 1 < rest.size() && llvm::isDigit(rest[size + 1]) &&
           (rest[size] == '.' ||
            ((rest[size] == '-' || rest[size] == '+') && llvm::toLower(rest[size - 1]) == 'e')))
      size += 1 + rest.drop_front(size + 1).take_while(isWord).size();
  return rest.take_front(size);
}

Tokens rnet::tokenize(llvm::StringRef text, uint32_t file) {
  Tokens result;
  for (size_t at = 0; at < text.size();) {
    if (llvm::isSpace(text[at])) {
      ++at;
      continue;
    }
    const bool isComment = text.substr(at).starts_with("//");
    const size_t size =
        isComment ? text.slice(at, text.find('\n', at)).rtrim().size() : tokenAt(text, at).size();
    const ast::Range range = {static_cast<uint32_t>(at), static_cast<uint32_t>(at + size), file};
    if (isComment)
      result.comments.push_back({{range}});
    else
      result.tokens.push_back(range);
    at += size;
  }
  return result;
}
