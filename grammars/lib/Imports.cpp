// A spec with all that it imports.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Grammars/Parser.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace rnet;

namespace {

/// Deeper than any person imports; keeps hostile files from exhausting the stack.
constexpr unsigned kMaxDepth = 100;

class Loader {
public:
  Loader(llvm::SourceMgr &sources, Diagnostics &diagnostics)
      : sources(sources), diagnostics(diagnostics) {}

  /// The first file may be no file at all, but a text.
  bool add(uint32_t buffer, std::optional<ast::Range> importedBy) {
    std::optional<ast::File> file = parse(buffer, diagnostics);
    if (!file)
      return false;
    file->importedBy = importedBy;
    llvm::StringMap<ast::Range> paths;
    bool good = true;
    for (const ast::FileItem &item : file->items)
      if (auto *import = std::get_if<ast::Import>(&item))
        good = follow(*import, buffer, paths) && good;
    files.push_back(std::move(*file));
    return good;
  }

  bool follow(const ast::Import &import, uint32_t importer, llvm::StringMap<ast::Range> &paths) {
    const std::string &written = import.path.text;
    const ast::Range where = import.path.range;
    llvm::SmallString<128> path;
    if (!llvm::sys::path::is_absolute(written))
      path = llvm::sys::path::parent_path(sources.getMemoryBuffer(importer)->getBufferIdentifier());
    llvm::sys::path::append(path, written);
    // A device or a pipe may never end.
    if (!llvm::sys::fs::is_regular_file(path)) {
      const bool exists = llvm::sys::fs::exists(path);
      diagnostics.report("missing-import", where,
                         exists ? "'" + path + "' is no file" : "there is no file '" + path + "'");
      return false;
    }
    llvm::SmallString<128> real;
    if (llvm::sys::fs::real_path(path, real))
      real = path;
    if (auto [first, isNew] = paths.try_emplace(real, where); !isNew) {
      diagnostics.report("duplicate-import", where, "'" + written + "' is imported twice");
      diagnostics.note(first->second, "the first time is here");
      return false;
    }
    auto [known, isNew] = states.try_emplace(real, State::open);
    if (!isNew) {
      if (known->second == State::open)
        diagnostics.report("import-cycle", where,
                           "'" + written + "' imports, by way of others or by itself, this file");
      return known->second == State::good;
    }
    if (depth == kMaxDepth) {
      diagnostics.report("import-cycle", where, "imports lead more than 100 files deep");
      return false;
    }
    auto text = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
    if (!text) {
      diagnostics.report("missing-import", where,
                         "cannot read '" + path + "': " + text.getError().message());
      return false;
    }
    Diagnostics::Context context(diagnostics, where, "imported here");
    ++depth;
    const bool good = add(sources.AddNewSourceBuffer(std::move(*text), llvm::SMLoc()), where);
    --depth;
    states[real] = good ? State::good : State::bad;
    return good;
  }

  /// Marks the spec itself, so that a cycle may lead back to it.
  void open(uint32_t buffer) {
    llvm::SmallString<128> real;
    if (!llvm::sys::fs::real_path(sources.getMemoryBuffer(buffer)->getBufferIdentifier(), real))
      states[real] = State::open;
  }

  std::vector<ast::File> files;

private:
  enum class State { open, good, bad };

  llvm::SourceMgr &sources;
  Diagnostics &diagnostics;
  llvm::StringMap<State> states; ///< by real path
  unsigned depth = 0;
};

} // namespace

std::optional<std::vector<ast::File>> rnet::load(uint32_t file, llvm::SourceMgr &sources,
                                                 Diagnostics &diagnostics) {
  Loader loader(sources, diagnostics);
  loader.open(file);
  if (!loader.add(file, std::nullopt))
    return std::nullopt;
  return std::move(loader.files);
}
