// `rnet keys`: keys for the nodes and clients of a network, and an authority to vouch for them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace rnet::tools {

struct KeysOptions {
  std::string spec, directory;
  int days = 90;
  std::vector<std::string> clients;
  std::map<std::string, std::vector<std::string>> addresses; ///< by node
  bool renew = false;
};

/// Where `rnet keys` puts a node's files, and a client's.
std::string nodeKeys(const std::string &directory, const std::string &node);
std::string clientKeys(const std::string &directory, const std::string &client);
/// The client that there always is.
inline constexpr const char *kLocalClient = "local";

void addKeysOptions(CLI::App &command, KeysOptions &options);

/// Writes DIR/ca, DIR/node/NAME and DIR/client/NAME. Keys that are there already are an error, or
/// renewed by the authority in DIR/ca. Returns the exit code.
int keys(const KeysOptions &options);

} // namespace rnet::tools
