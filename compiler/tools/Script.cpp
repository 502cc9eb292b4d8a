// Subcommands that are scripts.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Script.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

using namespace rnet;
namespace path = llvm::sys::path;

/// Debian's own Python: the one that has Debian's packages.
static constexpr const char *kPython = "/usr/bin/python3";

int tools::runScript(const std::string &name, const std::vector<std::string> &arguments) {
  static int anchor;
  const std::string self = llvm::sys::fs::getMainExecutable(nullptr, &anchor);
  llvm::SmallString<128> script(path::parent_path(path::parent_path(self)));
  path::append(script, "libexec", "rnet", name + ".py");
  if (!llvm::sys::fs::exists(script)) {
    llvm::WithColor::error() << "'" << script << "' is missing: this rnet is not installed whole\n";
    return 1;
  }
  ::setenv("RNET", self.c_str(), /*overwrite=*/1);
  std::vector<std::string> words{kPython, "-B", std::string(script)};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char *> pointers;
  for (std::string &word : words)
    pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execv(kPython, pointers.data());
  llvm::WithColor::error() << "cannot start " << kPython << ": " << std::strerror(errno)
                           << "; rnet " << name << " needs the Debian package python3\n";
  return 1;
}
