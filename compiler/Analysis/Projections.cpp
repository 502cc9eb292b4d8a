// What a hyperconnection must do to a tensor.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Analysis/Projections.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace rnet;

std::string rnet::spellRows(Type type) {
  std::string text = "f32[";
  llvm::raw_string_ostream stream(text);
  llvm::interleave(getRowShape(type), stream, "x");
  stream << ']';
  return text;
}

std::string rnet::suggestProjection(Type from, Type to) {
  ArrayRef<int64_t> have = getRowShape(from), want = getRowShape(to);
  if (have.size() == 1 && want.size() == 1)
    return llvm::formatv("dense({0})", want[0]);
  if (have.size() != 3 || want.size() != 3)
    return "";
  auto ceil = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
  const int64_t y = ceil(have[0], want[0]), x = ceil(have[1], want[1]);
  if (y == x && ceil(have[0], y) == want[0] && ceil(have[1], x) == want[1])
    return llvm::formatv(y == 1 ? "conv({0}, 1x1, bias: false)"
                                : "conv({0}, 1x1, stride: {1}, bias: false)",
                         want[2], y);
  if (have[2] == want[2] && have[0] <= want[0] && have[1] <= want[1])
    return llvm::formatv("zero_pad(bottom: {0}, right: {1})", want[0] - have[0], want[1] - have[1]);
  return "";
}

/// One with two and more axes makes sums of elements. A factor of each leaves them to be read.
static bool mixes(ParameterOp parameter) {
  auto type = dyn_cast<RankedTensorType>(parameter.getType());
  return type && type.getRank() >= 2;
}

InputOp rnet::findRawPrivateInput(Value value, const SymbolTable &symbols) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    Operation *owner = argument.getOwner()->getParentOp();
    if (auto connection = dyn_cast<HyperconnectionOp>(owner))
      return findRawPrivateInput(connection.getSource(), symbols);
    auto node = cast<NodeOp>(owner);
    auto input = node.getInputs()[argument.getArgNumber()].getDefiningOp<InputOp>();
    return input && input.getIsPrivate() ? input : InputOp();
  }
  Operation *op = value.getDefiningOp();
  if (auto node = dyn_cast<NodeOp>(op))
    return findRawPrivateInput(
        node.getYield().getResults()[cast<OpResult>(value).getResultNumber()], symbols);
  if (auto kernel = dyn_cast<KernelOpInterface>(op))
    for (FlatSymbolRefAttr symbol : kernel.getKernelParameters())
      if (auto parameter = symbols.lookup<ParameterOp>(symbol.getAttr());
          parameter && !parameter.getFrozen() && mixes(parameter))
        return {};
  for (Value operand : op->getOperands())
    if (InputOp input = findRawPrivateInput(operand, symbols))
      return input;
  return {};
}
