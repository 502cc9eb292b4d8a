// rnet: the driver. Each subcommand is a function of its own; this file holds the command line.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Analyze.h"
#include "Build.h"
#include "Emit.h"
#include "Format.h"
#include "Interpret.h"
#include "Keys.h"
#include "Place.h"
#include "Run.h"
#include "Script.h"
#include "Spec.h"

#include <CLI/CLI.hpp>

#include <map>

using namespace rnet;
using namespace rnet::ir;
using namespace rnet::tools;

namespace {

const std::map<std::string, Scheme> kSchemes = {{"vanilla", Scheme::Vanilla},
                                                {"dfg", Scheme::DFG},
                                                {"resilinet", Scheme::ResiliNet},
                                                {"resilinet+", Scheme::ResiliNetPlus}};
const std::map<std::string, Stage> kStages = {{"ast", Stage::Ast},      {"model", Stage::Model},
                                              {"mlir", Stage::Network}, {"nodes", Stage::Nodes},
                                              {"emitc", Stage::EmitC},  {"cpp", Stage::Cpp},
                                              {"dot", Stage::Dot},      {"json", Stage::Json}};
const std::map<std::string, Transport> kTransports = {{"grpc", Transport::Grpc},
                                                      {"none", Transport::None}};

struct Arguments {
  std::vector<std::string> specs;
  std::string spec, output;
  Scheme scheme = Scheme::ResiliNetPlus;
  Stage stage = Stage::Network;
  SpecOptions options;
  FormatOptions format;
  InterpretOptions interpret;
  BuildOptions build;
};

void addSpec(CLI::App *command, Arguments &arguments) {
  command->add_option("spec", arguments.spec, "the .rnet file")->required();
}
void addScheme(CLI::App *command, Arguments &arguments) {
  command
      ->add_option("--scheme", arguments.scheme,
                   "how to compile the topology: vanilla, dfg, resilinet, resilinet+ (default)")
      ->transform(CLI::CheckedTransformer(kSchemes));
}
void addAblations(CLI::App *command, Arguments &arguments) {
  command
      ->add_option("--with", arguments.options.with,
                   "add this skip hyperconnection, as a spec says it (repeatable)")
      ->check(
          [](const std::string &text) {
            return llvm::StringRef(text).starts_with("skip ")
                       ? std::string()
                       : "expected 'skip FROM -> TO', found '" + text + "'";
          },
          "", "")
      ->allow_extra_args(false);
  command
      ->add_option("--project-skips", arguments.options.projectSkips,
                   "linear, copy: give every skip hyperconnection that has none a linear "
                   "projection, or, where it can be, a copy of what it bypasses")
      ->check(CLI::IsMember({"linear", "copy"}));
  command->add_flag("--averages", arguments.options.averages,
                    "give all nodes the averages of inputs that may be missing");
  command->add_flag("--no-budgets", arguments.options.noBudgets,
                    "leave the budgets of nodes out of account");
  command
      ->add_option("--without", arguments.options.without,
                   "leave out this skip hyperconnection, FROM_to_TO (repeatable)")
      ->allow_extra_args(false);
  command
      ->add_option_function<std::vector<std::string>>(
          "--weigh",
          [&arguments](const std::vector<std::string> &all) {
            for (const std::string &text : all) {
              const size_t equals = text.find('=');
              double weight = 0;
              if (equals == std::string::npos ||
                  !CLI::detail::lexical_cast(text.substr(equals + 1), weight))
                throw CLI::ValidationError("--weigh", "'" + text + "' is not NAME=NUMBER");
              arguments.options.weights[text.substr(0, equals)] = weight;
            }
          },
          "NAME=W: weight of a hyperconnection, instead of the spec's (repeatable)")
      ->allow_extra_args(false);
}
void addWarnings(CLI::App *command, Arguments &arguments) {
  command
      ->add_option("-W,--disable-warning", arguments.options.disabledWarnings,
                   "switch off a warning by its id (repeatable)")
      ->allow_extra_args(false);
}

/// `bytes=N` or `count=N`.
void addBudget(CLI::App *command, PlaceOptions &options) {
  command
      ->add_option_function<std::vector<std::string>>(
          "--budget",
          [&](const std::vector<std::string> &given) {
            for (llvm::StringRef text : given) {
              const auto [kind, number] = text.split('=');
              int64_t value = 0;
              if ((kind != "bytes" && kind != "count") || number.getAsInteger(10, value) ||
                  value < 1)
                throw CLI::ValidationError("--budget", "expected bytes=N or count=N, N a whole "
                                                       "number above 0; found '" +
                                                           text.str() + "'");
              (kind == "bytes" ? options.bytes : options.count) = value;
            }
          },
          "of all new skips together: bytes=N an inference, count=N, or both")
      ->delimiter(',');
}

/// `--data` stands among the arguments, before a `--`.
bool hasData(int argc, char **argv) {
  for (llvm::StringRef word : llvm::ArrayRef(argv, argc)) {
    if (word == "--")
      return false;
    if (word == "--data" || word.starts_with("--data="))
      return true;
  }
  return false;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app{"rnet: a compiler for neural networks that keep answering when machines die",
               "rnet"};
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("rnet ") + RNET_VERSION);
  Arguments a;
  int status = 0;

  CLI::App *check = app.add_subcommand("check", "Report mistakes in specs; exit 1 on errors");
  bool listDiagnostics = false, listLayers = false;
  check->add_option("specs", a.specs, "the .rnet files");
  check->add_flag("--list-diagnostics", listDiagnostics, "list every diagnostic's id and meaning");
  check->add_flag("--list-layers", listLayers, "list every layer with its arguments");
  addScheme(check, a);
  addAblations(check, a);
  addWarnings(check, a);
  bool costs = false;
  check->add_flag(
      "--cost", costs,
      "print parameters, multiply-adds, memory of each node and bytes of each hyperconnection");
  check->callback([&] {
    if (listLayers)
      return rnet::listLayers(llvm::outs());
    if (listDiagnostics)
      return tools::listDiagnostics(llvm::outs());
    if (a.specs.empty())
      throw CLI::RequiredError("specs");
    status = tools::check(a.specs, a.scheme, a.options, costs);
  });

  CLI::App *analyze =
      app.add_subcommand("analyze", "Say what failures do to a network, before it is trained");
  addSpec(analyze, a);
  addScheme(analyze, a);
  addAblations(analyze, a);
  addWarnings(analyze, a);
  AnalyzeOptions how;
  analyze->add_flag("--json", how.json, "print JSON");
  analyze
      ->add_option("--samples", how.samples,
                   "samples, where the exact way would take too long (default: 1000000, fewer in "
                   "networks of more than 4000 nodes)")
      ->check(CLI::Range(64, 1'000'000'000));
  analyze->add_option("--seed", how.seed, "of the samples")->capture_default_str();
  analyze->callback([&] { status = tools::analyze(a.spec, a.scheme, a.options, how); });

  CLI::App *place = app.add_subcommand(
      "place", "Propose the skip hyperconnections that keep most information flowing");
  PlaceOptions placement;
  addSpec(place, a);
  addScheme(place, a);
  addWarnings(place, a);
  addBudget(place, placement);
  place->add_option("--setting", placement.setting, "the reliability setting that decides")
      ->required();
  place
      ->add_option("--take", placement.take,
                   "propose these candidates, FROM_to_TO, whatever the flow says (repeatable)")
      ->allow_extra_args(false);
  place->footer(
      "With --data DATA it chooses by expected accuracy: see rnet place --data DATA --help.");
  place->add_flag("--json", placement.json, "print JSON");
  place->add_flag("--write", placement.write, "write the proposal into the spec");
  place->callback([&] {
    if (a.scheme == Scheme::Vanilla)
      throw CLI::ValidationError("--scheme", "vanilla has no skip hyperconnections");
    if (!placement.bytes && !placement.count && placement.take.empty())
      throw CLI::RequiredError("--budget");
    status = tools::place(a.spec, a.scheme, a.options, placement);
  });

  CLI::App *emit = app.add_subcommand("emit", "Print any stage of the compilation");
  addSpec(emit, a);
  addScheme(emit, a);
  addAblations(emit, a);
  addWarnings(emit, a);
  emit->add_option("--as", a.stage, "ast, model, mlir, nodes, emitc, cpp, dot or json")
      ->required()
      ->transform(CLI::CheckedTransformer(kStages));
  emit->add_option("-o,--output", a.output,
                   "file to write (cpp: folder); default: standard output");
  emit->callback([&] { status = tools::emit(a.spec, a.stage, a.scheme, a.options, a.output); });

  CLI::App *build =
      app.add_subcommand("build", "Generate sources in DIR/src and compile them to DIR/bin");
  addSpec(build, a);
  addScheme(build, a);
  addAblations(build, a);
  addWarnings(build, a);
  build->add_option("-o,--output", a.build.directory, "the folder DIR")->required();
  build->add_option("--march", a.build.march,
                    "nodes for this target alone, native say (default: for several levels of "
                    "x86-64, of which each takes the best at its start; libraries: native)");
  build
      ->add_option("--transport", a.build.transport,
                   "grpc (default): programs; none: a library a node in DIR/lib, for programs that "
                   "bring a transport of their own, and sources that build alone in DIR/src")
      ->transform(CLI::CheckedTransformer(kTransports))
      ->default_str("grpc");
  build->add_option("--jobs", a.build.jobs, "compilers at a time")->capture_default_str();
  build->callback([&] { status = tools::build(a.spec, a.scheme, a.options, a.build); });

  CLI::App *run = app.add_subcommand("run", "Run all nodes of a built network on this machine");
  RunOptions runOptions;
  addRunOptions(*run, runOptions);
  run->callback([&] { status = tools::run(runOptions); });

  CLI::App *keys =
      app.add_subcommand("keys", "Make keys and certificates for a network's nodes and clients");
  KeysOptions keysOptions;
  addKeysOptions(*keys, keysOptions);
  keys->callback([&] { status = tools::keys(keysOptions); });

  CLI::App *fmt = app.add_subcommand("fmt", "Format specs in place");
  fmt->add_option("specs", a.specs, "the .rnet files")->required();
  fmt->add_flag("--check", a.format.check, "write nothing; exit 1 where a file is not formatted");
  fmt->callback([&] { status = tools::format(a.specs, a.format); });

  CLI::App *interpret =
      app.add_subcommand("interpret", "Run the reference interpreter over a dataset");
  addSpec(interpret, a);
  addScheme(interpret, a);
  interpret->add_option("--weights", a.interpret.weights, "the weights file")->required();
  interpret->add_option("--data", a.interpret.data, "the dataset (see docs/data.md)")->required();
  interpret->add_option("--down", a.interpret.down, "nodes, links and groups that have failed")
      ->delimiter(',');
  interpret->add_option("--rows", a.interpret.rows, "the first rows only");
  interpret->callback([&] {
    Spec spec(a.options);
    status = spec.load(a.spec, a.scheme) && spec.compileInterpreted(a.scheme)
                 ? tools::interpret(spec.getNetwork(), a.interpret)
                 : 1;
  });

  // They read their own options, --help included.
  auto addScript = [&](const char *name, const char *what) {
    CLI::App *script = app.add_subcommand(name, what)->prefix_command();
    script->set_help_flag();
    script->callback([=, &status] { status = runScript(name, script->remaining()); });
  };
  addScript("chaos", "Hurt the nodes of a running network under load, and say what clients saw");
  addScript("deploy", "Write what runs a built network on machines: systemd, compose, Kubernetes");
  addScript("experiment", "Train and compare variants of a spec: schemes, failout rates, skips");
  addScript(
      "harden",
      "Let a trained network answer while nodes are down, its answers unchanged while none is");
  addScript("infer", "Ask a running network, by the Open Inference Protocol over HTTP");
  addScript("report", "Write one HTML file about a built network or an experiment");
  addScript("upgrade", "Give running nodes other weights without losing a request");

  // With data it is a script, that reads all of its options.
  if (argc > 1 && argv[1] == llvm::StringRef("place") && hasData(argc, argv))
    return runScript("place", {argv + 2, argv + argc});
  CLI11_PARSE(app, argc, argv);
  return status;
}
