// Where nodes listen while all of them are on this machine.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "LocalAddresses.h"

#include <arpa/inet.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <netinet/in.h>
#include <random>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace rnet::tools {

Expected<LocalAddresses> LocalAddresses::sockets(const std::vector<std::string> &nodes) {
  const char *base = std::getenv("XDG_RUNTIME_DIR");
  std::string pattern = std::string(base && *base ? base : "/tmp") + "/rnet-XXXXXX";
  if (!::mkdtemp(pattern.data())) // for the owner alone
    return Status::error("cannot make a folder for the nodes' sockets");
  LocalAddresses result;
  result.folder = pattern;
  for (const std::string &node : nodes)
    result.addresses[node] = "unix:" + pattern + "/" + node;
  return result;
}

/// Whether somebody could listen there.
static bool isFree(unsigned port) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1; // as the node will: a connection that is closing does not count
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free =
      ::bind(descriptor, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0;
  ::close(descriptor);
  return free;
}

Expected<LocalAddresses> LocalAddresses::ports(const std::vector<std::string> &nodes) {
  // Below those that the system gives to whoever connects: a node that dials another one must not
  // get a third one's port.
  constexpr unsigned least = 10000;
  unsigned end = 32768;
  std::ifstream("/proc/sys/net/ipv4/ip_local_port_range") >> end;
  if (end <= least)
    return Status::error("the system gives away ports from " + std::to_string(end) +
                         " on; nodes need some between 10000 and these");
  LocalAddresses result;
  const unsigned first = std::random_device()() % (end - least);
  for (unsigned k = 0; k < end - least && result.addresses.size() < nodes.size(); ++k)
    if (const unsigned port = least + (first + k) % (end - least); isFree(port))
      result.addresses[nodes[result.addresses.size()]] = "127.0.0.1:" + std::to_string(port);
  if (result.addresses.size() < nodes.size())
    return Status::error("there are not enough free ports for the nodes");
  return result;
}

LocalAddresses::LocalAddresses(LocalAddresses &&other)
    : folder(std::exchange(other.folder, "")), addresses(std::move(other.addresses)) {}

LocalAddresses::~LocalAddresses() {
  std::error_code ignored;
  if (!folder.empty())
    std::filesystem::remove_all(folder, ignored);
}

} // namespace rnet::tools
