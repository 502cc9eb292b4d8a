// `rnet build`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Build.h"
#include "Describe.h"
#include "Emit.h"
#include "Files.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Program.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;
using namespace rnet::tools;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

namespace {

/// A child process whose output goes to a log.
class Command {
public:
  explicit Command(std::string log) : log(std::move(log)) {}

  bool run(llvm::StringRef program, std::vector<std::string> arguments) {
    llvm::ErrorOr<std::string> found = llvm::sys::findProgramByName(program);
    if (!found) {
      llvm::WithColor::error() << "'" << program << "' is not on PATH; rnet build needs it\n";
      return false;
    }
    std::vector<llvm::StringRef> words{program};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::string message;
    const std::optional<llvm::StringRef> redirects[] = {"", log, log};
    const int code =
        llvm::sys::ExecuteAndWait(*found, words, std::nullopt, redirects, 0, 0, &message);
    if (code == 0)
      return true;
    llvm::WithColor::error() << program << " failed" << (message.empty() ? "" : ": " + message)
                             << "; it said:\n";
    if (auto text = llvm::MemoryBuffer::getFile(log))
      llvm::errs() << (*text)->getBuffer();
    return false;
  }

private:
  std::string log;
};

std::string join(llvm::StringRef folder, llvm::StringRef name) {
  llvm::SmallString<128> joined(folder);
  path::append(joined, name);
  return std::string(joined);
}

/// The spec and what it imports, below one folder as they lie to each other; the spec first.
std::vector<target::GeneratedFile> gatherSources(const Spec &spec) {
  std::vector<target::GeneratedFile> files;
  for (const llvm::MemoryBuffer *source : spec.getSources()) {
    llvm::SmallString<128> absolute(source->getBufferIdentifier());
    fs::make_absolute(absolute);
    path::remove_dots(absolute, /*remove_dot_dot=*/true);
    files.push_back({std::string(absolute), source->getBuffer().str()});
  }
  std::string folder(path::parent_path(files.front().path));
  for (const target::GeneratedFile &file : files)
    while (!llvm::StringRef(file.path).starts_with(folder +
                                                   (path::is_separator(folder.back()) ? "" : "/")))
      folder = path::parent_path(folder).str();
  for (target::GeneratedFile &file : files)
    file.path = llvm::StringRef(file.path).substr(folder.size()).ltrim('/').str();
  return files;
}

/// The network as data, and what it was built from.
std::string describeBuild(const Spec &spec, const SpecOptions &options, llvm::StringRef specFile) {
  llvm::json::Value network = describe(spec);
  llvm::json::Object weights;
  for (const auto &[name, weight] : options.weights)
    weights[name] = weight;
  llvm::json::Object &all = *network.getAsObject();
  all["rnet"] = RNET_VERSION;
  all["spec"] = "spec/" + specFile.str();
  all["without"] = llvm::json::Array(options.without);
  all["weights"] = std::move(weights);
  return llvm::formatv("{0:2}\n", network);
}

/// A folder beside this program's, in a build tree or installed.
std::string findBeside(llvm::StringRef folder) {
  static int anchor;
  const std::string self = fs::getMainExecutable(nullptr, &anchor);
  return join(path::parent_path(path::parent_path(self)), folder);
}

/// The runtime's sources for a node without a transport, as files of the generated project.
bool addRuntimeSources(std::vector<target::GeneratedFile> &files) {
  const std::string folder = findBeside("lib/rnet/node");
  std::error_code error;
  for (fs::recursive_directory_iterator file(folder, error), end; file != end && !error;
       file.increment(error)) {
    if (fs::is_directory(file->path()))
      continue;
    auto text = llvm::MemoryBuffer::getFile(file->path());
    if (!text) {
      error = text.getError();
      break;
    }
    const llvm::StringRef name = llvm::StringRef(file->path()).substr(folder.size() + 1);
    files.push_back({("runtime/" + name).str(), (*text)->getBuffer().str()});
  }
  if (error)
    llvm::WithColor::error() << "cannot read the runtime's sources in '" << folder
                             << "': " << error.message() << "\n";
  return !error;
}

} // namespace

int tools::build(const std::string &specPath, Scheme scheme, const SpecOptions &options,
                 const BuildOptions &build) {
  Spec spec(options);
  if (!spec.load(specPath, scheme) || !spec.compilePrograms(scheme))
    return 1;

  llvm::SmallString<128> directory(build.directory);
  fs::make_absolute(directory);
  const std::string source = join(directory, "src"), objects = join(directory, "build"),
                    binaries = join(directory, build.transport == Transport::None ? "lib" : "bin");
  for (const std::string &folder : {source, objects, binaries})
    if (std::error_code error = fs::create_directories(folder)) {
      llvm::WithColor::error() << "cannot create '" << folder << "': " << error.message() << "\n";
      return 1;
    }

  const std::vector<target::GeneratedFile> specFiles = gatherSources(spec);
  const std::string description = describeBuild(spec, options, specFiles.front().path);
  if (!convertToEmitC(spec))
    return 1;
  const bool libraries = build.transport == Transport::None;
  auto files = libraries ? target::generateLibraries(spec.getModule(), path::filename(specPath))
                         : target::generateProject(spec.getModule(), path::filename(specPath));
  if (failed(files) || (libraries && !addRuntimeSources(*files)) || !writeProject(*files, source) ||
      !writeProject(specFiles, join(directory, "spec")) ||
      !writeText(join(directory, "network.json"), description))
    return 1;

  llvm::errs() << "rnet: sources in " << build.directory << "/src; compiling\n";
  std::vector<std::string> configure{
      "-S", source, "-B", objects, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release"};
  if (libraries)
    configure.push_back("-DCMAKE_ARCHIVE_OUTPUT_DIRECTORY=" + binaries);
  else
    configure.insert(configure.end(), {"-DRnetRuntime_DIR=" + findBeside("lib/cmake/RnetRuntime"),
                                       "-DCMAKE_RUNTIME_OUTPUT_DIRECTORY=" + binaries});
  configure.push_back("-DRNET_MARCH=" +
                      (libraries && build.march.empty() ? "native" : build.march));
  Command command(join(directory, "build.log"));
  if (!command.run("cmake", configure) ||
      !command.run("cmake", {"--build", objects, "--parallel", std::to_string(build.jobs)}))
    return 1;
  llvm::errs() << "rnet: " << (libraries ? "libraries in " : "binaries in ") << build.directory
               << (libraries ? "/lib\n" : "/bin\n");
  return 0;
}
