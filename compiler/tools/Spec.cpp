// A spec on its way from file to IR.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Spec.h"

#include "rnet/Grammars/Diagnostics.h"
#include "rnet/Grammars/Edit.h"
#include "rnet/Grammars/Parser.h"
#include "rnet/Import/Import.h"
#include "rnet/Pipelines/Pipelines.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;
using namespace rnet::tools;

namespace {

/// The ranges of a location in the spec: of a layer in a block, first where the block is called.
llvm::SmallVector<FileLineColRange> findRanges(Location where) {
  llvm::SmallVector<FileLineColRange> ranges;
  where->walk([&](Location inner) {
    if (auto found = dyn_cast<FileLineColRange>(inner))
      ranges.push_back(found);
    return WalkResult::advance();
  });
  return ranges;
}

/// Takes the skip of this name out of the spec, as if nobody had written it. False where there is
/// none.
bool removeSkip(ast::Network &network, llvm::StringRef name) {
  for (auto item = network.items.begin(); item != network.items.end(); ++item) {
    auto *skip = std::get_if<ast::Skip>(&*item);
    if (!skip)
      continue;
    auto sender = llvm::find_if(skip->senders, [&](const ast::Name &candidate) {
      return candidate.text + "_to_" + skip->receiver.text == name;
    });
    if (sender == skip->senders.end())
      continue;
    skip->senders.erase(sender);
    if (skip->senders.empty())
      network.items.erase(item);
    return true;
  }
  return false;
}

} // namespace

struct Spec::State {
  explicit State(const SpecOptions &options) : options(options) {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
    context.printOpOnDiagnostic(false); // a person sees the spec, not the IR
  }

  /// Prints what a pass has to say as the checker would: the same place, the same look.
  void print(Diagnostic &diagnostic) {
    auto kind = diagnostic.getSeverity() == DiagnosticSeverity::Error ? llvm::SourceMgr::DK_Error
                : diagnostic.getSeverity() == DiagnosticSeverity::Warning
                    ? llvm::SourceMgr::DK_Warning
                    : llvm::SourceMgr::DK_Note;
    const llvm::SmallVector<FileLineColRange> ranges = findRanges(diagnostic.getLocation());
    if (ranges.empty())
      llvm::WithColor::error() << diagnostic.str() << "\n";
    for (auto [k, range] : llvm::enumerate(ranges))
      print(range, k == 0 ? kind : llvm::SourceMgr::DK_Note,
            k == 0 ? diagnostic.str() : "by this layer of the block");
    for (Diagnostic &note : diagnostic.getNotes())
      print(note);
  }

  void print(FileLineColRange range, llvm::SourceMgr::DiagKind kind, const llvm::Twine &message) {
    const unsigned file = findBuffer(range.getFilename());
    llvm::SMLoc begin =
        sources.FindLocForLineAndColumn(file, range.getStartLine(), range.getStartColumn());
    llvm::SMLoc end =
        sources.FindLocForLineAndColumn(file, range.getEndLine(), range.getEndColumn());
    // The column behind the last character of the text is no column for SourceMgr.
    llvm::SMRange marked =
        begin.isValid() && end.isValid() ? llvm::SMRange(begin, end) : llvm::SMRange();
    sources.PrintMessage(
        llvm::errs(),
        begin.isValid()
            ? begin
            : llvm::SMLoc::getFromPointer(sources.getMemoryBuffer(file)->getBufferStart()),
        kind, message, marked.isValid() ? llvm::ArrayRef(marked) : llvm::ArrayRef<llvm::SMRange>());
  }

  /// The spec, or a file that it imports.
  unsigned findBuffer(llvm::StringRef name) const {
    for (unsigned file = 1; file <= sources.getNumBuffers(); ++file)
      if (sources.getMemoryBuffer(file)->getBufferIdentifier() == name)
        return file;
    return buffer;
  }

  SpecOptions options;
  llvm::SourceMgr sources;
  unsigned buffer = 0;
  MLIRContext context{MLIRContext::Threading::DISABLED};
  std::unique_ptr<Diagnostics> diagnostics;
  std::vector<ast::File> files; ///< the spec last
  std::optional<model::Network> model;
  OwningOpRef<ModuleOp> module;
};

SpecOptions tools::withoutWarnings() {
  SpecOptions options;
  for (const DiagnosticKind &kind : getDiagnosticKinds())
    if (!kind.isError)
      options.disabledWarnings.push_back(kind.id.str());
  return options;
}

Spec::Spec(const SpecOptions &options) : state(std::make_unique<State>(options)) {}
Spec::~Spec() = default;

bool Spec::read(const std::string &path) {
  auto file = llvm::MemoryBuffer::getFile(path, /*IsText=*/true);
  if (!file) {
    llvm::WithColor::error() << "cannot read '" << path << "': " << file.getError().message()
                             << "\n";
    return false;
  }
  return take(std::move(*file));
}

bool Spec::take(std::unique_ptr<llvm::MemoryBuffer> text) {
  state->buffer = state->sources.AddNewSourceBuffer(std::move(text), llvm::SMLoc());
  state->diagnostics = std::make_unique<Diagnostics>(state->sources, llvm::errs());
  for (const std::string &id : state->options.disabledWarnings)
    if (!state->diagnostics->disable(id)) {
      llvm::WithColor::error() << "there is no warning '" << id
                               << "'; see rnet check --list-diagnostics\n";
      return false;
    }
  return true;
}

bool Spec::parse(const std::string &path) {
  if (!read(path))
    return false;
  std::optional<ast::File> file = rnet::parse(state->buffer, *state->diagnostics);
  if (!file)
    return false;
  state->files.push_back(std::move(*file));
  return true;
}

bool Spec::load(const std::string &path, Scheme scheme) {
  if (state->options.with.empty() && state->options.projectSkips.empty() &&
      !state->options.averages)
    return read(path) && checkAll(scheme);
  std::optional<std::string> text = extend(path);
  return text && load(path, *text, scheme);
}

std::optional<std::string> Spec::extend(const std::string &path) {
  const SpecOptions plain = withoutWarnings(); // the result is checked as always
  Spec before(plain);
  if (!before.parse(path))
    return std::nullopt;
  auto text = insertSkips(before.getFile(), before.getText(), state->options.with);
  if (!text) {
    llvm::WithColor::error() << "'" << path
                             << "' has no hyperconnection that a skip could bypass\n";
    return std::nullopt;
  }
  if (state->options.averages)
    text = addAverages(path, *text);
  if (text && state->options.projectSkips == "copy")
    text = addCopies(path, *text);
  if (text && !state->options.projectSkips.empty())
    text = addProjections(path, *text);
  return text;
}

std::optional<std::string> Spec::addAverages(const std::string &path, const std::string &text) {
  Spec with(withoutWarnings());
  if (!with.load(path, text, Scheme::ResiliNet))
    return std::nullopt;
  const model::Network &network = with.getModel();
  llvm::MapVector<unsigned, std::string> senders; // by receiver
  for (unsigned index : findAverageable(network)) {
    const model::Hyperconnection &connection = network.hyperconnections[index];
    std::string &list = senders[connection.to];
    list += (list.empty() ? "" : ", ") + network.nodes[connection.from].spec->name.text;
  }
  std::vector<std::string> items;
  for (const auto &[receiver, list] : senders)
    items.push_back("average " + list + " -> " + network.nodes[receiver].spec->name.text);
  return insertSkips(with.getFile(), text, items);
}

std::optional<std::string> Spec::addCopies(const std::string &path, const std::string &text) {
  Spec with(withoutWarnings());
  if (!with.load(path, text, Scheme::ResiliNet))
    return std::nullopt;
  llvm::StringSet<> copyable;
  const model::Network &network = with.getModel();
  for (auto [index, connection] : llvm::enumerate(network.hyperconnections))
    if (connection.isSkip && canCopy(network, index))
      copyable.insert(connection.name);
  return projectSkips(with.getFile(), text, [&](const ast::Skip &skip) {
    return llvm::all_of(skip.senders,
                        [&](const ast::Name &sender) {
                          return copyable.contains(sender.text + "_to_" + skip.receiver.text);
                        })
               ? "copy"
               : "";
  });
}

std::optional<std::string> Spec::addProjections(const std::string &path, const std::string &text) {
  // Where shapes are known: a skip without a projection brings what its receiver adds.
  Spec with(withoutWarnings());
  if (!with.load(path, text, Scheme::ResiliNet) || !with.compileNetwork(Scheme::ResiliNet))
    return std::nullopt;
  llvm::StringMap<int64_t> widths;
  for (auto node : with.getNetwork().getOps<NodeOp>())
    for (auto mux : node.getBody().getOps<MuxOp>())
      widths[node.getName()] = getRowShape(mux.getOutput().getType()).back();
  return projectSkips(with.getFile(), text, [&](const ast::Skip &skip) {
    return llvm::formatv("dense({0})", widths.lookup(skip.receiver.text)).str();
  });
}

bool Spec::load(const std::string &path, llvm::StringRef text, Scheme scheme) {
  return take(llvm::MemoryBuffer::getMemBufferCopy(text, path)) && checkAll(scheme);
}

bool Spec::checkAll(Scheme scheme) {
  auto files = rnet::load(state->buffer, state->sources, *state->diagnostics);
  if (!files)
    return false;
  state->files = std::move(*files);
  const llvm::StringRef path = state->sources.getMemoryBuffer(state->buffer)->getBufferIdentifier();
  if (ast::File &file = state->files.back(); file.network)
    for (const std::string &name : state->options.without)
      if (!removeSkip(*file.network, name)) {
        llvm::WithColor::error() << "'" << path << "' has no skip hyperconnection '" << name
                                 << "'\n";
        return false;
      }
  state->model = rnet::check(state->files, scheme != Scheme::Vanilla, *state->diagnostics);
  if (!state->model)
    return false;
  if (state->options.noBudgets)
    for (model::Node &node : state->model->nodes)
      node.budget.reset();
  for (const auto &[name, weight] : state->options.weights) {
    auto found = llvm::find_if(state->model->hyperconnections,
                               [&](const auto &connection) { return connection.name == name; });
    if (found == state->model->hyperconnections.end()) {
      llvm::WithColor::error() << "'" << path << "' has no hyperconnection '" << name << "'\n";
      return false;
    }
    if (found->average && weight != 1) {
      llvm::WithColor::error() << "'" << name << "' has an average, and can have no weight\n";
      return false;
    }
    found->weight = weight;
  }
  return true;
}

bool Spec::compileNetwork(Scheme scheme) {
  ScopedDiagnosticHandler handler(&state->context,
                                  [&](Diagnostic &diagnostic) { state->print(diagnostic); });
  state->module = importNetwork(*state->model, state->sources, state->context);
  if (!state->module)
    return false;
  PassManager passes(&state->context);
  buildNetworkPipeline(passes, scheme);
  return succeeded(passes.run(*state->module));
}

bool Spec::compileFurther(Scheme scheme, void (*build)(OpPassManager &)) {
  if (!compileNetwork(scheme))
    return false;
  ScopedDiagnosticHandler handler(&state->context,
                                  [&](Diagnostic &diagnostic) { state->print(diagnostic); });
  PassManager passes(&state->context);
  build(passes);
  return succeeded(passes.run(*state->module));
}
bool Spec::compileInterpreted(Scheme scheme) {
  return compileFurther(scheme, buildInterpretationPipeline);
}
bool Spec::compileInference(Scheme scheme) {
  return compileFurther(scheme, buildInferencePipeline);
}

bool Spec::compilePrograms(Scheme scheme) {
  ScopedDiagnosticHandler handler(&state->context,
                                  [&](Diagnostic &diagnostic) { state->print(diagnostic); });
  state->module = importNetwork(*state->model, state->sources, state->context);
  return state->module && succeeded(compileToPrograms(*state->module, scheme));
}

const ast::File &Spec::getFile() const { return state->files.back(); }
std::vector<const llvm::MemoryBuffer *> Spec::getSources() const {
  std::vector<const llvm::MemoryBuffer *> sources;
  for (unsigned file = 1; file <= state->sources.getNumBuffers(); ++file)
    sources.push_back(state->sources.getMemoryBuffer(file));
  return sources;
}
const model::Network &Spec::getModel() const { return *state->model; }
llvm::StringRef Spec::getText() const {
  return state->sources.getMemoryBuffer(state->buffer)->getBuffer();
}
ModuleOp Spec::getModule() const { return *state->module; }
NetworkOp Spec::getNetwork() const { return *state->module->getOps<NetworkOp>().begin(); }
