// Selectors.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "selector.h"

#include "readers.h"

#include <charconv>

namespace rnet::data {
namespace {

/// Takes a number off the front of `text`; nothing where there is none.
std::optional<std::size_t> take_number(std::string_view &text) {
  std::size_t number;
  const auto [next, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc())
    return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(next - text.data()));
  return number;
}

bool take(std::string_view &text, std::string_view front) {
  if (!text.starts_with(front))
    return false;
  text.remove_prefix(front.size());
  return true;
}

} // namespace

Expected<Selector> Selector::parse(const std::string &text) {
  const Status refusal = Status::error("'" + text +
                                       "' names no part of an array; expected ARRAY, "
                                       "ARRAY[:, INDEX] or ARRAY[:, BEGIN:END]");
  Selector selector;
  const std::size_t bracket = text.find('[');
  selector.array = text.substr(0, bracket);
  while (selector.array.ends_with(' '))
    selector.array.pop_back();
  if (selector.array.empty())
    return refusal;
  if (bracket == text.npos)
    return selector;
  std::string packed;
  for (char c : text.substr(bracket))
    if (c != ' ')
      packed += c;
  std::string_view rest = packed;
  if (!take(rest, "[:,"))
    return refusal;
  selector.whole = false;
  const std::optional<std::size_t> begin = take_number(rest);
  selector.begin = begin.value_or(0);
  selector.index = !take(rest, ":");
  if (!selector.index)
    selector.end = take_number(rest);
  if ((selector.index && !begin) || rest != "]")
    return refusal;
  return selector;
}

Expected<SelectedRows> select(const NpyArray &array, const Selector &selector,
                              const std::string &subject) {
  if (array.shape.empty())
    return Status::error(subject + " has no rows: it is a single value");
  std::vector<std::size_t> shape(array.shape.begin() + 1, array.shape.end());
  std::size_t stride = 1;
  for (std::size_t size : shape)
    stride *= size;
  if (selector.whole)
    return SelectedRows{array.shape[0], 0, stride, stride, shape};
  if (shape.empty())
    return Status::error(subject + " has shape " + describe(array.shape) +
                         ": it has no axis 1 to select from");
  const std::size_t begin = selector.begin,
                    end = selector.index ? begin + 1 : selector.end.value_or(shape[0]);
  if (begin >= end || end > shape[0])
    return Status::error(subject + " has shape " + describe(array.shape) + ": [:, " +
                         std::to_string(begin) + (selector.index ? "" : ":" + std::to_string(end)) +
                         "] is not within its axis 1");
  const std::size_t inner = stride / shape[0];
  if (selector.index)
    shape.erase(shape.begin());
  else
    shape[0] = end - begin;
  return SelectedRows{array.shape[0], begin * inner, stride, (end - begin) * inner, shape};
}

} // namespace rnet::data
