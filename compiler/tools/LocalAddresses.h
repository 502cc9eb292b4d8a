// Where nodes listen while all of them are on this machine.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/status.h"

#include <map>
#include <string>
#include <vector>

namespace rnet::tools {

/// A socket for each node in a private folder, which is gone with the object, or a port of its own.
class LocalAddresses {
public:
  static Expected<LocalAddresses> sockets(const std::vector<std::string> &nodes);
  /// Ports of the loopback that were free a moment ago.
  static Expected<LocalAddresses> ports(const std::vector<std::string> &nodes);
  LocalAddresses(LocalAddresses &&other);
  ~LocalAddresses();

  const std::string &at(const std::string &node) const { return addresses.at(node); }
  const std::map<std::string, std::string> &all() const { return addresses; }

private:
  LocalAddresses() = default;
  std::string folder;
  std::map<std::string, std::string> addresses; ///< by node
};

} // namespace rnet::tools
