// `rnet check` and `rnet emit`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Emit.h"
#include "Describe.h"
#include "Files.h"

#include "rnet/Conversion/Passes.h"
#include "rnet/Grammars/Diagnostics.h"
#include "rnet/Grammars/Printer.h"
#include "rnet/Target/Cpp/Project.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;
using namespace rnet::tools;

static bool hasBudgets(const model::Network &network) {
  return llvm::any_of(network.nodes,
                      [](const model::Node &node) { return node.budget.has_value(); });
}

int tools::check(const std::vector<std::string> &paths, Scheme scheme, const SpecOptions &options,
                 bool costs) {
  int status = 0;
  for (const std::string &path : paths) {
    Spec spec(options);
    // Only planned programs know how much memory they need.
    const bool good =
        spec.load(path, scheme) && (costs                         ? spec.compilePrograms(scheme)
                                    : hasBudgets(spec.getModel()) ? spec.compileInference(scheme)
                                                                  : spec.compileNetwork(scheme));
    if (!good)
      status = 1;
    else if (costs)
      printCosts(spec.getNetwork(), llvm::outs());
  }
  return status;
}

void tools::listDiagnostics(llvm::raw_ostream &out) {
  for (const DiagnosticKind &kind : getDiagnosticKinds())
    out << kind.id << ' ' << (kind.isError ? "error" : "warning") << ' ' << kind.meaning << '\n';
}

bool tools::convertToEmitC(Spec &spec) {
  PassManager passes(spec.getModule().getContext());
  passes.enableVerifier(false); // what is printed is not transformed any more
  passes.addPass(createConvertRNetToEmitC());
  return succeeded(passes.run(spec.getModule()));
}

/// All generated files, one after the other, or below a folder.
static bool emitProject(Spec &spec, StringRef specPath, const std::string &folder) {
  auto files = target::generateProject(spec.getModule(), llvm::sys::path::filename(specPath));
  if (failed(files))
    return false;
  if (!folder.empty())
    return writeProject(*files, folder);
  for (const target::GeneratedFile &file : *files)
    llvm::outs() << "//===-- " << file.path << " --===//\n" << file.text << '\n';
  return true;
}

int tools::emit(const std::string &path, Stage stage, Scheme scheme, const SpecOptions &options,
                const std::string &output) {
  Spec spec(options);
  std::string text;
  llvm::raw_string_ostream out(text);
  if (stage == Stage::Ast) {
    if (!spec.parse(path))
      return 1;
    dump(spec.getFile(), out);
    return writeText(output, text) ? 0 : 1;
  }
  if (!spec.load(path, scheme))
    return 1;
  if (stage == Stage::Model) {
    dump(spec.getModel(), out);
    return writeText(output, text) ? 0 : 1;
  }
  const bool programs = stage == Stage::Nodes || stage == Stage::EmitC || stage == Stage::Cpp ||
                        stage == Stage::Json; // which says what they cost
  if (!(programs ? spec.compilePrograms(scheme) : spec.compileNetwork(scheme)))
    return 1;
  if ((stage == Stage::EmitC || stage == Stage::Cpp) && !convertToEmitC(spec))
    return 1;
  switch (stage) {
  case Stage::Cpp:
    return emitProject(spec, path, output) ? 0 : 1;
  case Stage::Dot:
    drawDot(spec.getNetwork(), out);
    break;
  case Stage::Json:
    out << llvm::formatv("{0:2}", describe(spec)) << '\n';
    break;
  default:
    spec.getModule().print(out);
    break;
  }
  return writeText(output, text) ? 0 : 1;
}
