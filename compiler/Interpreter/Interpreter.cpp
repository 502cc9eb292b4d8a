// The reference interpreter.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Interpreter/Interpreter.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

using Values = llvm::DenseMap<Value, Row>;

/// The positions that a mux adds, as `#rnet.stand_in` defines it, written the long way.
static llvm::SmallVector<bool> findTaken(MuxOp mux, ArrayRef<const Row *> inputs) {
  auto present = [&](int64_t position) { return inputs[position]->has_value(); };
  SmallVector<bool> taken(inputs.size());
  for (size_t position = 0; position < inputs.size(); ++position)
    taken[position] = present(position);
  if (mux.getKind() != MuxKind::Failover)
    return taken;

  auto counts = [&](StandInAttr group) {
    return llvm::none_of(group.getStandsFor().asArrayRef(), present) &&
           llvm::any_of(group.getMembers().asArrayRef(), present);
  };
  auto groups = mux.getStandIns().getAsRange<StandInAttr>();
  for (StandInAttr group : groups) // a stand-in waits until it is called
    for (int64_t member : group.getMembers().asArrayRef())
      taken[member] = false;
  for (StandInAttr group : groups) {
    bool nearest = counts(group);
    for (StandInAttr other : groups)
      if (other.getStandsFor() == group.getStandsFor() && counts(other) &&
          other.getBypassed() < group.getBypassed())
        nearest = false;
    if (nearest)
      for (int64_t member : group.getMembers().asArrayRef())
        taken[member] = taken[member] || present(member);
  }
  return taken;
}

static Row interpretMux(MuxOp mux, const Values &values) {
  SmallVector<const Row *> inputs;
  for (Value input : mux.getInputs())
    inputs.push_back(&values.find(input)->second);
  Row sum;
  auto add = [&](const Row &row) {
    if (!sum)
      sum.emplace(row->size(), 0.0);
    for (auto [to, from] : llvm::zip_equal(*sum, *row))
      to += from;
  };
  const SmallVector<bool> taken = findTaken(mux, inputs);
  for (size_t k = 0; k < inputs.size(); ++k)
    if (taken[k])
      add(*inputs[k]);
  // Last resorts, beside something: an input and all that stand in for it are not taken.
  const bool any = sum.has_value();
  for (auto [average, input] : llvm::zip_equal(mux.getAverageTerms(), mux.getAveraged())) {
    bool missing = !taken[input];
    for (auto group : mux.getStandIns().getAsRange<StandInAttr>())
      for (int64_t member : group.getMembers().asArrayRef())
        if (llvm::is_contained(group.getStandsFor().asArrayRef(), input) && taken[member])
          missing = false;
    if (any && missing)
      add(values.find(average)->second);
  }
  return sum;
}

static Row interpretLayer(LayerOpInterface layer, const Values &values,
                          llvm::function_ref<ArrayRef<double>(StringRef)> parameter) {
  SmallVector<ArrayRef<double>> inputs;
  for (Value operand : layer->getOperands()) {
    const Row &row = values.find(operand)->second;
    if (!row)
      return std::nullopt;
    inputs.push_back(*row);
  }
  std::vector<double> output(getRowWidth(layer->getResult(0).getType()));
  layer.interpretRow(inputs, parameter, output);
  return output;
}

/// The layers of a block, up to its terminator.
static void interpretBlock(Block &block, Values &values,
                           llvm::function_ref<ArrayRef<double>(StringRef)> parameter) {
  for (Operation &op : block.without_terminator()) {
    Row row;
    if (auto mux = dyn_cast<MuxOp>(op))
      row = interpretMux(mux, values);
    else if (auto average = dyn_cast<AverageOp>(op))
      row = parameter(average.getParameter()).vec();
    else
      row = interpretLayer(cast<LayerOpInterface>(op), values, parameter);
    values[op.getResult(0)] = std::move(row);
  }
}

SmallVector<Interpretation> Interpreter::run(const llvm::StringMap<std::vector<double>> &inputs,
                                             const llvm::StringSet<> &down,
                                             const llvm::StringSet<> &cut) const {
  Values values;
  SmallVector<Interpretation> outputs;
  NetworkOp op = network;
  for (Operation &op : op.getBody().front()) {
    if (auto input = dyn_cast<InputOp>(op)) {
      auto found = inputs.find(input.getName());
      values[input.getValue()] = found == inputs.end() ? Row() : Row(found->second);
    } else if (auto connection = dyn_cast<HyperconnectionOp>(op)) {
      values[connection.getValue()] =
          cut.contains(connection.getName()) ? Row() : Row(values[connection.getSource()]);
    } else if (auto node = dyn_cast<NodeOp>(op)) {
      for (auto [argument, input] :
           llvm::zip_equal(node.getBody().getArguments(), node.getInputs()))
        values[argument] = Row(values[input]);
      interpretBlock(node.getBody().front(), values, parameter);
      for (auto [result, value] : llvm::zip_equal(node.getResults(), node.getYield().getResults()))
        values[result] = down.contains(node.getName()) ? Row() : Row(values[value]);
    }
  }
  for (auto output : op.getOps<OutputOp>()) {
    Interpretation &answer = outputs.emplace_back(Interpretation{values[output.getValue()], {}});
    for (auto exit : op.getOps<ExitOp>())
      if (!answer.row && exit.getOutput() == output.getName() && values[exit.getValue()])
        answer = {values[exit.getValue()], exit};
  }
  return outputs;
}
