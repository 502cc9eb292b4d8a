// Layers: shapes, costs, meaning, adjoints and kernels, one group per layer.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Dialect/RNetDialect.h"

#include <cmath>

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

using Shapes = ArrayRef<ArrayRef<int64_t>>;
using Inputs = ArrayRef<ArrayRef<double>>;
using ParameterLookup = llvm::function_ref<ArrayRef<double>(StringRef)>;

/// "Dense<23, 250>" from its parts.
static std::string templateName(StringRef name, ArrayRef<int64_t> arguments) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "rnet::" << name << '<';
  llvm::interleaveComma(arguments, stream);
  stream << '>';
  return text;
}

//===-- Dense ---------------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> DenseOp::inferRowShape(Shapes inputs) {
  if (inputs[0].size() != 1)
    return emitOpError() << "takes a flat row, found one of rank " << inputs[0].size();
  return SmallVector<int64_t>{static_cast<int64_t>(getUnits())};
}

SmallVector<ParameterUse> DenseOp::getParameterUses(Shapes inputs) {
  const int64_t units = getUnits();
  return {{getWeightAttr(), {units, inputs[0][0]}}, {getBiasAttr(), {units}}};
}

int64_t DenseOp::getMultiplyAdds() { return getUnits() * getRowWidth(getInput().getType()); }

void DenseOp::interpretRow(Inputs inputs, ParameterLookup parameter,
                           MutableArrayRef<double> output) {
  ArrayRef<double> x = inputs[0], weight = parameter(getWeight()), bias = parameter(getBias());
  for (size_t unit = 0; unit < output.size(); ++unit) {
    output[unit] = bias[unit];
    for (size_t k = 0; k < x.size(); ++k)
      output[unit] += weight[unit * x.size() + k] * x[k];
    if (getActivation() == Activation::Relu)
      output[unit] = std::max(output[unit], 0.0);
  }
}

SmallVector<Value> DenseOp::buildAdjoint(OpBuilder &builder, Value gradient,
                                         ArrayRef<bool> needed) {
  DenseAdjointParametersOp::create(builder, getLoc(), getInput(), gradient, Value(),
                                   getWeightAttr(), getBiasAttr());
  if (!needed[0])
    return {Value()};
  return {DenseAdjointInputOp::create(builder, getLoc(), getInput().getType(), gradient, Value(),
                                      getWeightAttr())
              .getOutput()};
}

bool DenseOp::fuseActivation(Activation activation) {
  setActivation(activation);
  return true;
}

std::string DenseOp::getKernelName() {
  return getActivation() == Activation::None
             ? "dense"
             : ("dense_" + stringifyActivation(getActivation())).str();
}
SmallVector<FlatSymbolRefAttr> DenseOp::getKernelParameters() {
  return {getWeightAttr(), getBiasAttr()};
}
std::string DenseOp::getKernelStorage() {
  return templateName("Dense",
                      {getRowWidth(getInput().getType()), static_cast<int64_t>(getUnits())});
}

std::string DenseAdjointInputOp::getKernelName() { return "dense_adjoint_input"; }
SmallVector<FlatSymbolRefAttr> DenseAdjointInputOp::getKernelParameters() {
  return {getWeightAttr()};
}

std::string DenseAdjointParametersOp::getKernelName() { return "dense_adjoint_parameters"; }
SmallVector<FlatSymbolRefAttr> DenseAdjointParametersOp::getKernelParameters() {
  return {getWeightAttr(), getBiasAttr()};
}

//===-- Relu ----------------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> ReluOp::inferRowShape(Shapes inputs) {
  return llvm::to_vector(inputs[0]);
}
void ReluOp::interpretRow(Inputs inputs, ParameterLookup, MutableArrayRef<double> output) {
  for (auto [x, y] : llvm::zip_equal(inputs[0], output))
    y = std::max(x, 0.0);
}
SmallVector<Value> ReluOp::buildAdjoint(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {ReluAdjointOp::create(builder, getLoc(), getOutput().getType(), getOutput(), gradient,
                                Value())
              .getOutput()};
}
std::optional<Activation> ReluOp::getActivationKind() { return Activation::Relu; }
std::string ReluOp::getKernelName() { return "relu"; }
std::string ReluAdjointOp::getKernelName() { return "relu_adjoint"; }

//===-- Softmax -------------------------------------------------------------------------------===//

static void interpretSoftmax(ArrayRef<double> x, MutableArrayRef<double> y) {
  const double largest = *llvm::max_element(x);
  double sum = 0;
  for (auto [from, to] : llvm::zip_equal(x, y))
    sum += to = std::exp(from - largest);
  for (double &value : y)
    value /= sum;
}

static FailureOr<SmallVector<int64_t>> inferFlat(Operation *op, ArrayRef<int64_t> input) {
  if (input.size() != 1)
    return op->emitOpError() << "takes a flat row, found one of rank " << input.size();
  return llvm::to_vector(input);
}

FailureOr<SmallVector<int64_t>> SoftmaxOp::inferRowShape(Shapes inputs) {
  return inferFlat(*this, inputs[0]);
}
void SoftmaxOp::interpretRow(Inputs inputs, ParameterLookup, MutableArrayRef<double> output) {
  interpretSoftmax(inputs[0], output);
}
SmallVector<Value> SoftmaxOp::buildAdjoint(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {SoftmaxAdjointOp::create(builder, getLoc(), getOutput().getType(), getOutput(), gradient,
                                   Value())
              .getOutput()};
}
std::string SoftmaxOp::getKernelName() { return "softmax"; }
std::string SoftmaxAdjointOp::getKernelName() { return "softmax_adjoint"; }

FailureOr<SmallVector<int64_t>> SoftmaxCrossEntropyOp::inferRowShape(Shapes inputs) {
  return inferFlat(*this, inputs[0]);
}
void SoftmaxCrossEntropyOp::interpretRow(Inputs inputs, ParameterLookup,
                                         MutableArrayRef<double> output) {
  interpretSoftmax(inputs[0], output);
}
SmallVector<Value> SoftmaxCrossEntropyOp::buildAdjoint(OpBuilder &builder, Value, ArrayRef<bool>) {
  return {SoftmaxCrossEntropyAdjointOp::create(builder, getLoc(), getOutput().getType(),
                                               getOutput(), Value())
              .getOutput()};
}
bool SoftmaxCrossEntropyOp::isLoss() { return true; }
std::string SoftmaxCrossEntropyOp::getKernelName() { return "softmax_cross_entropy"; }
std::string SoftmaxCrossEntropyAdjointOp::getKernelName() {
  return "softmax_cross_entropy_adjoint";
}

//===-- Scale ---------------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> ScaleOp::inferRowShape(Shapes inputs) {
  return llvm::to_vector(inputs[0]);
}
void ScaleOp::interpretRow(Inputs inputs, ParameterLookup, MutableArrayRef<double> output) {
  for (auto [x, y] : llvm::zip_equal(inputs[0], output))
    y = x * getFactor().convertToDouble();
}
SmallVector<Value> ScaleOp::buildAdjoint(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {
      ScaleOp::create(builder, getLoc(), getOutput().getType(), gradient, Value(), getFactorAttr())
          .getOutput()};
}
std::string ScaleOp::getKernelName() { return "scale"; }
SmallVector<Attribute> ScaleOp::getKernelLiterals() { return {getFactorAttr()}; }

//===-- Normalize -----------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> NormalizeOp::inferRowShape(Shapes inputs) {
  return llvm::to_vector(inputs[0]);
}
SmallVector<ParameterUse> NormalizeOp::getParameterUses(Shapes inputs) {
  return {{getMeanAttr(), llvm::to_vector(inputs[0])},
          {getDeviationAttr(), llvm::to_vector(inputs[0])}};
}
void NormalizeOp::interpretRow(Inputs inputs, ParameterLookup parameter,
                               MutableArrayRef<double> output) {
  ArrayRef<double> mean = parameter(getMean()), deviation = parameter(getDeviation());
  for (size_t k = 0; k < output.size(); ++k)
    output[k] = (inputs[0][k] - mean[k]) / deviation[k];
}
SmallVector<Value> NormalizeOp::buildAdjoint(OpBuilder &, Value,
                                             [[maybe_unused]] ArrayRef<bool> needed) {
  assert(!needed[0] && "an input of the network has no gradient");
  return {Value()};
}
std::string NormalizeOp::getKernelName() { return "normalize"; }
SmallVector<FlatSymbolRefAttr> NormalizeOp::getKernelParameters() {
  return {getMeanAttr(), getDeviationAttr()};
}
std::string NormalizeOp::getKernelStorage() {
  return templateName("Normalization", {getRowWidth(getInput().getType())});
}
