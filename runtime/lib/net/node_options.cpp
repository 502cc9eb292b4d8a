// What a node is told of its neighbours. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "node_options.h"

#include <charconv>

namespace rnet::net {

Expected<std::map<std::string, std::string>>
by_node(const std::string &option, const std::string &value, const std::vector<std::string> &all) {
  std::map<std::string, std::string> result;
  for (const std::string &one : all) {
    const std::size_t at = one.find('=');
    if (at == std::string::npos)
      return Status::error(option + " takes NODE=" + value + ", found '" + one + "'");
    result[one.substr(0, at)] = one.substr(at + 1);
  }
  return result;
}

Expected<std::map<std::string, Duration>> times(const std::string &option,
                                                const std::vector<std::string> &all,
                                                const std::set<std::string> &neighbours) {
  const auto texts = by_node(option, "MS", all);
  if (!texts.ok())
    return texts.status();
  std::map<std::string, Duration> result;
  for (const auto &[name, text] : *texts) {
    if (!neighbours.count(name)) {
      std::string expected;
      for (const std::string &one : neighbours)
        expected += (expected.empty() ? "one of '" : "', '") + one;
      return Status::error(option + " names '" + name + "', expected " +
                           (expected.empty() ? "none: there are no such nodes" : expected + "'"));
    }
    unsigned ms = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ms);
    if (error != std::errc() || end != text.data() + text.size() || ms < 10 || ms > 60'000)
      return Status::error(option + " takes 10 to 60000 milliseconds, found '" + text + "'");
    result[name] = std::chrono::milliseconds(ms);
  }
  return result;
}

} // namespace rnet::net
