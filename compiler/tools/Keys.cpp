// `rnet keys`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Keys.h"
#include "CertificateAuthority.h"
#include "Spec.h"

#include "rnet/core/atomic_file.h"
#include "rnet/net/credentials.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/WithColor.h"

#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <set>

namespace rnet::tools {
namespace fs = std::filesystem;

std::string nodeKeys(const std::string &directory, const std::string &node) {
  return (fs::path(directory) / "node" / node).string();
}
std::string clientKeys(const std::string &directory, const std::string &client) {
  return (fs::path(directory) / "client" / client).string();
}

namespace {

Status failed(const std::string &what, const std::string &path) {
  return Status::error("cannot " + what + " '" + path + "': " + std::strerror(errno));
}

/// Puts a folder with these files, for its owner alone, in the place of `path`: all at once, so
/// that nobody ever reads a certificate and another one's key.
Status replaceFolder(const std::string &path,
                     const std::vector<std::pair<std::string, std::string>> &files) {
  std::error_code error;
  const fs::path parent = fs::path(path).parent_path();
  fs::create_directories(parent, error);
  std::string fresh = (parent / ("." + fs::path(path).filename().string() + ".XXXXXX")).string();
  if (!::mkdtemp(fresh.data()))
    return failed("make", path);
  Status status;
  for (const auto &[name, text] : files)
    if (status.ok())
      status =
          write_file(fresh + "/" + name, text, name == "key.pem" ? Access::owner : Access::usual);
  if (status.ok() && ::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, path.c_str(),
                                 fs::exists(path) ? RENAME_EXCHANGE : RENAME_NOREPLACE) != 0)
    status = failed("write", path);
  fs::remove_all(fresh, error); // what was there before, or what did not come to be
  return status;
}

Expected<CertificateAuthority> loadAuthority(const std::string &folder) {
  KeyPair pair;
  for (auto [file, text] : {std::pair("/ca.pem", &pair.certificate), {"/key.pem", &pair.key}}) {
    auto read = read_file(folder + file);
    if (!read.ok())
      return Status::error("there is no authority to renew by: " + read.message());
    *text = *read;
  }
  return CertificateAuthority::load(pair);
}

/// The authority below a folder, which must be there if it is to renew; if not, there must be no
/// keys at all.
Expected<CertificateAuthority> openAuthority(const std::string &directory,
                                             const std::string &domain, bool renew) {
  const std::string folder = (fs::path(directory) / "ca").string();
  if (renew)
    return loadAuthority(folder);
  for (const char *part : {"ca", "node", "client"})
    if (const fs::path there = fs::path(directory) / part; fs::exists(there))
      return Status::error("'" + there.string() +
                           "' exists: --renew issues new keys and certificates by the authority");
  auto authority = CertificateAuthority::create(domain);
  if (!authority.ok())
    return authority;
  const auto pair = authority->save();
  if (!pair.ok())
    return pair.status();
  Status status = replaceFolder(folder, {{"ca.pem", pair->certificate}, {"key.pem", pair->key}});
  if (!status.ok())
    return status;
  return authority;
}

Status makeKeys(const KeysOptions &options, const model::Network &network) {
  std::set<std::string> nodes;
  for (const model::Node &node : network.nodes)
    nodes.insert(node.spec->name.text);
  for (const auto &[node, hosts] : options.addresses)
    if (!nodes.count(node))
      return Status::error("--address: network '" + network.name + "' has no node '" + node + "'");

  // SPIFFE's domains are in lower case.
  const std::string domain = llvm::StringRef(network.name).lower();
  const auto authority = openAuthority(options.directory, domain, options.renew);
  if (!authority.ok())
    return authority.status();
  const auto root = authority->save();
  if (!root.ok())
    return root.status();
  auto issue = [&](net::Identity::Role role, const std::string &name, const std::string &path,
                   const std::vector<std::string> &hosts) -> Status {
    const auto pair = authority->issue(
        {net::Identity{"spiffe://" + domain, role, name}.uri(), name, hosts}, options.days);
    if (!pair.ok())
      return pair.status();
    return replaceFolder(
        path,
        {{"ca.pem", root->certificate}, {"cert.pem", pair->certificate}, {"key.pem", pair->key}});
  };

  for (const std::string &node : nodes) {
    std::vector<std::string> hosts = {"localhost", "127.0.0.1", "::1"};
    if (auto given = options.addresses.find(node); given != options.addresses.end())
      hosts.insert(hosts.end(), given->second.begin(), given->second.end());
    if (Status status =
            issue(net::Identity::Role::node, node, nodeKeys(options.directory, node), hosts);
        !status.ok())
      return status;
  }
  std::set<std::string> clients(options.clients.begin(), options.clients.end());
  clients.insert(kLocalClient);
  std::error_code none;
  for (const auto &entry : fs::directory_iterator(fs::path(options.directory) / "client", none))
    if (const std::string name = entry.path().filename().string(); name[0] != '.')
      clients.insert(name);
  for (const std::string &client : clients)
    if (Status status = issue(net::Identity::Role::client, client,
                              clientKeys(options.directory, client), /*hosts=*/{});
        !status.ok())
      return status;
  llvm::outs() << options.directory << ": spiffe://" << domain << ", keys of " << nodes.size()
               << " nodes and " << clients.size() << (clients.size() == 1 ? " client" : " clients")
               << ", good for " << options.days << " days\n";
  return {};
}

bool isName(llvm::StringRef name, llvm::StringRef others) {
  return !name.empty() && name[0] != '.' &&
         llvm::all_of(name, [&](char c) { return llvm::isAlnum(c) || others.contains(c); });
}

} // namespace

void addKeysOptions(CLI::App &command, KeysOptions &options) {
  command.add_option("spec", options.spec, "the .rnet file")->required();
  command.add_option("-o,--output", options.directory, "the folder DIR")->required();
  command.add_option("--days", options.days, "how long certificates are good")
      ->check(CLI::Range(1, 3650))
      ->capture_default_str();
  command
      .add_option("--client", options.clients,
                  "another client, beside '" + std::string(kLocalClient) + "' (repeatable)")
      ->check(
          [](const std::string &name) {
            // As SPIFFE has it, and a folder.
            return isName(name, "-._") ? std::string()
                                       : "'" + name + "' is no name: letters, digits, - . _ only";
          },
          "", "")
      ->allow_extra_args(false);
  command
      .add_option_function<std::vector<std::string>>(
          "--address",
          [&options](const std::vector<std::string> &all) {
            for (llvm::StringRef text : all) {
              const auto [node, host] = text.split('=');
              if (!isName(host, "-._:"))
                throw CLI::ValidationError("--address",
                                           "expected NODE=HOST, found '" + text.str() + "'");
              options.addresses[node.str()].push_back(host.str());
            }
          },
          "NODE=HOST: a name or IP address that the node's certificate is for as well; said again "
          "with "
          "--renew (repeatable)")
      ->allow_extra_args(false);
  command.add_flag("--renew", options.renew,
                   "new keys and certificates, by the authority that is there");
}

int keys(const KeysOptions &options) {
  Spec spec(withoutWarnings());
  if (!spec.load(options.spec, ir::Scheme::ResiliNetPlus))
    return 1;
  if (Status status = makeKeys(options, spec.getModel()); !status.ok()) {
    llvm::WithColor::error() << status.message() << "\n";
    return 1;
  }
  return 0;
}

} // namespace rnet::tools
