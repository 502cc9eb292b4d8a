// Changes to a spec's text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Grammars/Edit.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/FormatVariadic.h"

using namespace rnet;
using llvm::StringRef;

std::optional<std::string> rnet::insertSkips(const ast::File &file, StringRef text,
                                             llvm::ArrayRef<std::string> items) {
  if (!file.network)
    return std::nullopt;
  const ast::Ranged *last = nullptr;
  bool isSkip = false;
  for (const ast::Item &item : file.network->items)
    if (auto *skip = std::get_if<ast::Skip>(&item)) {
      last = skip;
      isSkip = true;
    } else if (auto *chain = std::get_if<ast::Chain>(&item); chain && !isSkip) {
      last = chain;
    }
  if (!last)
    return std::nullopt;
  const size_t begin = text.rfind('\n', last->range.begin) + 1;
  const StringRef line = text.slice(begin, last->range.begin);
  const StringRef blank = line.take_while([](char c) { return c == ' ' || c == '\t'; });
  // Where other things stand before the item, those are indented less than it would be.
  const std::string indent = blank.str() + (blank.size() == line.size() ? "" : "  ");

  std::string added;
  for (const std::string &item : items)
    added += indent + item + "\n";
  const size_t end = last->range.end;
  size_t next = text.find('\n', end);
  const StringRef rest = text.slice(end, next);
  if (next != StringRef::npos && (rest.trim().empty() || rest.ltrim().starts_with("//"))) {
    ++next;
    return (text.take_front(next) + added + text.drop_front(next)).str();
  }
  return (text.take_front(end) + "\n" + added + blank + text.drop_front(end).ltrim()).str();
}

std::string rnet::projectSkips(const ast::File &file, StringRef text,
                               llvm::function_ref<std::string(const ast::Skip &)> projectionOf) {
  std::string result;
  size_t copied = 0;
  for (const ast::Item &item : file.network->items) {
    auto *skip = std::get_if<ast::Skip>(&item);
    if (!skip || !std::holds_alternative<std::monostate>(skip->options.project))
      continue;
    const std::string projection = projectionOf(*skip);
    if (projection.empty())
      continue;
    result += text.slice(copied, skip->range.end).str() + " project " + projection;
    copied = skip->range.end;
  }
  return result + text.drop_front(copied).str();
}

std::string rnet::unifiedDiff(StringRef path, StringRef before, StringRef after) {
  if (before == after)
    return "";
  auto split = [](StringRef text) {
    llvm::SmallVector<StringRef> lines;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size() - 1);
      lines.push_back(text.take_front(end + 1));
      text = text.drop_front(end + 1);
    }
    return lines;
  };
  const auto old = split(before), changed = split(after);
  const size_t shorter = std::min(old.size(), changed.size());
  size_t head = 0, tail = 0;
  while (head < shorter && old[head] == changed[head])
    ++head;
  while (tail < shorter - head && old[old.size() - 1 - tail] == changed[changed.size() - 1 - tail])
    ++tail;
  constexpr size_t kContext = 3;
  const size_t first = head - std::min(head, kContext), context = std::min(tail, kContext);
  const size_t oldEnd = old.size() - tail + context, newEnd = changed.size() - tail + context;

  std::string diff = llvm::formatv("--- a/{0}\n+++ b/{0}\n@@ -{1},{2} +{1},{3} @@\n",
                                   path.ltrim('/'), first + 1, oldEnd - first, newEnd - first);
  auto add = [&](char sign, llvm::ArrayRef<StringRef> lines) {
    for (StringRef line : lines)
      diff += sign + line.str() + (line.ends_with("\n") ? "" : "\n\\ No newline at end of file\n");
  };
  const llvm::ArrayRef<StringRef> was = old, is = changed;
  add(' ', was.slice(first, head - first));
  add('-', was.slice(head, old.size() - tail - head));
  add('+', is.slice(head, changed.size() - tail - head));
  add(' ', was.slice(old.size() - tail, context));
  return diff;
}
