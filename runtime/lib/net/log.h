// What a node says on standard error: lines for people, or one JSON object a line for machines.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rnet::net {

/// From any thread. Where nobody reads, lines are lost: a node does not wait for its log.
class Log {
public:
  enum class Format { plain, json };
  Log(Format format, std::string_view node) : format_(format), node_(node) {}

  /// Plain: "node NODE WORDS". JSON: time, node, event and fields.
  void say(std::string_view event, std::string_view words,
           const std::vector<std::pair<std::string_view, std::string>> &fields = {}) const;

private:
  Format format_;
  std::string node_;
};

} // namespace rnet::net
