// `rnet interpret`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Interpret.h"

#include "rnet/Analysis/Causes.h"
#include "rnet/Interpreter/Interpreter.h"
#include "rnet/core/weights_file.h"
#include "rnet/data/dataset.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/WithColor.h"

using namespace rnet;

namespace {

/// The values of all parameters, as the file has them.
Status readParameters(const WeightsFile &weights, NetworkOp network,
                      llvm::StringMap<std::vector<double>> &values) {
  for (auto parameter : network.getOps<ParameterOp>()) {
    auto type = llvm::cast<mlir::RankedTensorType>(parameter.getType());
    std::vector<double> &to = values[parameter.getSymName()];
    to.resize(static_cast<size_t>(type.getNumElements()));
    std::vector<size_t> shape(type.getShape().begin(), type.getShape().end());
    if (Status status = weights.read(parameter.getSymName(), shape, std::span(to)); !status.ok())
      return status;
  }
  return {};
}

/// What the readers of datasets need to know of a network.
struct Description {
  std::vector<std::vector<size_t>> shapes;
  std::vector<InputDescription> inputs;
  std::vector<OutputDescription> outputs;
  NetworkDescription network{};

  explicit Description(NetworkOp op) {
    for (auto input : op.getOps<InputOp>()) {
      auto shape = getRowShape(input.getValue().getType());
      shapes.emplace_back(shape.begin(), shape.end());
    }
    size_t index = 0;
    for (auto input : op.getOps<InputOp>())
      inputs.push_back({input.getName(), 0,
                        static_cast<size_t>(getRowWidth(input.getValue().getType())),
                        shapes[index++]});
    for (auto output : op.getOps<OutputOp>())
      outputs.push_back({output.getName(),
                         0,
                         0,
                         static_cast<size_t>(getRowWidth(output.getValue().getType())),
                         {}});
    network.name = op.getSymName();
    network.inputs = inputs;
    network.outputs = outputs;
  }
};

Status run(NetworkOp network, const tools::InterpretOptions &options) {
  const std::vector<FailureCause> causes = findFailureCauses(network);
  auto connections = llvm::to_vector(network.getOps<HyperconnectionOp>());
  llvm::StringSet<> down, cut;
  for (const std::string &name : options.down) {
    auto cause = llvm::find_if(causes, [&](const auto &cause) { return cause.name == name; });
    if (cause == causes.end())
      return Status::error("no node, link or group named '" + name + "'");
    for (unsigned node : cause->nodes)
      down.insert(causes[node].name);
    for (unsigned connection : cause->cut)
      cut.insert(connections[connection].getName());
  }
  auto weights = WeightsFile::open(options.weights);
  if (!weights.ok())
    return weights.status();
  llvm::StringMap<std::vector<double>> parameters;
  if (Status status = readParameters(*weights, network, parameters); !status.ok())
    return status;
  const Description description(network);
  auto dataset =
      read_dataset(options.data, description.network, /*selection=*/{}, /*need_labels=*/false);
  if (!dataset.ok())
    return dataset.status();

  const Interpreter interpreter(
      network, [&](llvm::StringRef name) -> llvm::ArrayRef<double> { return parameters[name]; });
  const size_t rows = options.rows ? std::min(options.rows, dataset->rows) : dataset->rows;
  for (size_t row = 0; row < rows; ++row) {
    llvm::StringMap<std::vector<double>> inputs;
    for (size_t k = 0; k < description.inputs.size(); ++k) {
      std::vector<double> &input = inputs[description.inputs[k].name];
      input.resize(description.inputs[k].width);
      dataset->copy_row(k, row, input.data());
    }
    llvm::json::Object outputs, line{{"row", static_cast<int64_t>(row)}};
    for (auto [output, answer] :
         llvm::zip_equal(description.outputs, interpreter.run(inputs, down, cut))) {
      outputs[llvm::StringRef(output.name)] =
          answer.row ? llvm::json::Value(llvm::json::Array(*answer.row)) : nullptr;
      if (ExitOp exit = answer.exit)
        line["exit"] = exit.getNode().getName();
    }
    line["outputs"] = std::move(outputs);
    llvm::outs() << llvm::json::Value(std::move(line)) << '\n';
  }
  return {};
}

} // namespace

int tools::interpret(NetworkOp network, const InterpretOptions &options) {
  if (Status status = run(network, options); !status.ok()) {
    llvm::WithColor::error() << status.message() << "\n";
    return 1;
  }
  return 0;
}
