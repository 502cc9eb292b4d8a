// Files that the driver writes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Files.h"

#include "rnet/core/atomic_file.h"

#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace rnet;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

bool tools::writeText(const std::string &path, llvm::StringRef text) {
  if (path.empty()) {
    llvm::outs() << text;
    llvm::outs().flush();
    return !llvm::outs().has_error();
  }
  if (Status status = write_file(path, std::string_view(text)); !status.ok()) {
    llvm::WithColor::error() << status.message() << "\n";
    return false;
  }
  return true;
}

/// What an earlier run wrote, so that nothing of a person's own is ever removed.
static constexpr llvm::StringLiteral kManifest = ".rnet-files";

bool tools::writeProject(const std::vector<target::GeneratedFile> &files,
                         const std::string &folder) {
  auto inFolder = [&](llvm::StringRef name) {
    llvm::SmallString<128> joined(folder);
    path::append(joined, name);
    return std::string(joined);
  };
  llvm::StringSet<> names;
  std::string manifest;
  for (const target::GeneratedFile &file : files) {
    names.insert(file.path);
    manifest += file.path + "\n";
    const std::string whole = inFolder(file.path);
    if (std::error_code error = fs::create_directories(path::parent_path(whole))) {
      llvm::WithColor::error() << "cannot create '" << path::parent_path(whole)
                               << "': " << error.message() << "\n";
      return false;
    }
    auto old = llvm::MemoryBuffer::getFile(whole);
    if (old && (*old)->getBuffer() == file.text)
      continue;
    if (!writeText(whole, file.text))
      return false;
  }
  if (auto old = llvm::MemoryBuffer::getFile(inFolder(kManifest))) {
    llvm::SmallVector<llvm::StringRef> lines;
    (*old)->getBuffer().split(lines, '\n', -1, /*KeepEmpty=*/false);
    for (llvm::StringRef line : lines)
      if (!names.contains(line) && !line.contains("..")) {
        fs::remove(inFolder(line));
        fs::remove(path::parent_path(inFolder(line))); // only where it is empty
      }
  }
  return writeText(inFolder(kManifest), manifest);
}
