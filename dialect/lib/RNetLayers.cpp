// Layers: shapes, costs, meaning, adjoints and kernels, one group per layer.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Weighed.h"

#include "rnet/Dialect/Geometry.h"

#include "llvm/Support/FormatVariadic.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

/// "rnet::Dense<23, 250>" from its parts.
static std::string templateName(StringRef name, ArrayRef<int64_t> arguments) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  stream << "rnet::" << name << '<';
  llvm::interleaveComma(arguments, stream);
  stream << '>';
  return text;
}

//===-- Dense ---------------------------------------------------------------------------------===//

/// Rows of an image are pixels, each of which is a row of channels.
static bool isImage(Type rows) { return getRowShape(rows).size() == 3; }
static int64_t channelsOf(Type rows) { return getRowShape(rows).back(); }
static int64_t pixelsOf(Type rows) { return getRowWidth(rows) / channelsOf(rows); }
/// "dense" for vectors, "pixel_dense<1024>" for images of as many pixels.
static std::string denseKernel(StringRef suffix, Type rows) {
  if (!isImage(rows))
    return ("dense" + suffix).str();
  return ("pixel_dense" + suffix + "<" + Twine(pixelsOf(rows)) + ">").str();
}

FailureOr<SmallVector<int64_t>> DenseOp::inferRowShape(Shapes inputs) {
  if (inputs[0].size() != 1 && inputs[0].size() != 3)
    return shapeError(*this) << "takes a flat row or an image, found one of rank "
                             << inputs[0].size() << " [shape-mismatch]";
  SmallVector<int64_t> shape = llvm::to_vector(inputs[0]);
  shape.back() = static_cast<int64_t>(getUnits());
  return shape;
}

SmallVector<ParameterUse> DenseOp::getParameterUses(Shapes inputs) {
  const int64_t units = getUnits();
  SmallVector<ParameterUse> uses = {{getWeightAttr(), {units, inputs[0].back()}}};
  addUses(uses, getBiasAttr(), getNormalizedAttr(), units, getQuantizedAttr());
  return uses;
}

int64_t DenseOp::getMultiplyAdds() {
  return static_cast<int64_t>(getUnits()) * getRowWidth(getInput().getType());
}

void DenseOp::interpretRow(Inputs inputs, ParameterLookup parameter,
                           MutableArrayRef<double> output) {
  const size_t units = getUnits();
  const Linear linear = getLinear(inputs[0], units, getWeightAttr(), getBiasAttr(),
                                  getNormalizedAttr(), getQuantizedAttr(), parameter);
  const size_t channels = linear.weight.size() / units;
  for (size_t at = 0; at < output.size(); ++at) {
    const size_t unit = at % units, first = at / units * channels;
    double sum = linear.bias[unit];
    for (size_t k = 0; k < channels; ++k)
      sum += linear.weight[unit * channels + k] * linear.input[first + k];
    output[at] = activate(getActivation(), sum);
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

bool DenseOp::fuseActivation(Activation activation, bool trains) {
  return !trains && takeActivation(*this, activation);
}
bool DenseOp::foldNormalization(NormalizedAttr normalization) {
  return takeNormalization(*this, normalization);
}
bool DenseOp::quantizeWeights(QuantizedAttr quantization) {
  if (!canQuantize(quantization, channelsOf(getInput().getType())))
    return false;
  setQuantizedAttr(quantization);
  return true;
}
QuantizedAttr DenseOp::getQuantization() { return getQuantizedAttr(); }

std::string DenseOp::getKernelName() {
  // Pixels are what a convolution of 1x1 sees; in training the products differ.
  Type input = getInput().getType();
  if (isTraining(*this))
    return denseKernel("", input);
  return spellActivated(isImage(input) ? "conv" : "dense", getActivation());
}
SmallVector<FlatSymbolRefAttr> DenseOp::getKernelParameters() {
  return weighed(getWeightAttr(), getBiasAttr(), getNormalizedAttr(), getQuantizedAttr());
}
std::string DenseOp::getKernelStorage() {
  Type input = getInput().getType();
  const int64_t units = getUnits();
  if (!isImage(input))
    return templateName(spellStorage("Dense", getQuantizedAttr()), {getRowWidth(input), units});
  ArrayRef<int64_t> shape = getRowShape(input);
  return llvm::formatv("rnet::{0}<rnet::Image{{{1}, {2}, {3}}, {4}>",
                       spellStorage("PixelDense", getQuantizedAttr()), shape[0], shape[1], shape[2],
                       units);
}
std::string DenseOp::getKernelLoad() {
  return spellLoad(getWeightAttr(), getBiasAttr(), getNormalizedAttr(), getQuantizedAttr());
}

std::string DenseAdjointInputOp::getKernelName() {
  return denseKernel("_adjoint_input", getGradient().getType());
}
SmallVector<FlatSymbolRefAttr> DenseAdjointInputOp::getKernelParameters() {
  return {getWeightAttr()};
}

std::string DenseAdjointParametersOp::getKernelName() {
  return denseKernel("_adjoint_parameters", getInput().getType());
}
SmallVector<FlatSymbolRefAttr> DenseAdjointParametersOp::getKernelParameters() {
  return weighed(getWeightAttr(), getBiasAttr(), {});
}

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
    return shapeError(op) << "takes a flat row, found one of rank " << input.size()
                          << " [shape-mismatch]";
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
                                               getOutput(), Value(), getExit())
              .getOutput()};
}
bool SoftmaxCrossEntropyOp::isLoss() { return true; }
/// Template arguments of the loss's kernels.
static std::string spellLoss(bool exit) { return exit ? "<rnet::train::LossOf::exit>" : ""; }
std::string SoftmaxCrossEntropyOp::getKernelName() {
  return "softmax_cross_entropy" + spellLoss(getExit());
}
std::string SoftmaxCrossEntropyAdjointOp::getKernelName() {
  return "softmax_cross_entropy_adjoint" + spellLoss(getExit());
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

FailureOr<SmallVector<int64_t>> LearnedScaleOp::inferRowShape(Shapes inputs) {
  return llvm::to_vector(inputs[0]);
}
SmallVector<ParameterUse> LearnedScaleOp::getParameterUses(Shapes) {
  return {{getFactorAttr(), {1}}};
}
int64_t LearnedScaleOp::getMultiplyAdds() { return getRowWidth(getInput().getType()); }
void LearnedScaleOp::interpretRow(Inputs inputs, ParameterLookup parameter,
                                  MutableArrayRef<double> output) {
  for (auto [x, y] : llvm::zip_equal(inputs[0], output))
    y = x * parameter(getFactor()).front();
}
SmallVector<Value> LearnedScaleOp::buildAdjoint(OpBuilder &builder, Value gradient,
                                                ArrayRef<bool> needed) {
  LearnedScaleAdjointParametersOp::create(builder, getLoc(), getInput(), gradient, Value(),
                                          getFactorAttr());
  if (!needed[0])
    return {Value()};
  return {LearnedScaleOp::create(builder, getLoc(), getInput().getType(), gradient, Value(),
                                 getFactorAttr())
              .getOutput()};
}
std::string LearnedScaleOp::getKernelName() { return "scale"; }
SmallVector<FlatSymbolRefAttr> LearnedScaleOp::getKernelParameters() { return {getFactorAttr()}; }
std::string LearnedScaleOp::getKernelStorage() { return "rnet::Factor"; }

std::string LearnedScaleAdjointParametersOp::getKernelName() { return "scale_adjoint_parameters"; }
SmallVector<FlatSymbolRefAttr> LearnedScaleAdjointParametersOp::getKernelParameters() {
  return {getFactorAttr()};
}

//===-- Normalize -----------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> NormalizeOp::inferRowShape(Shapes inputs) {
  return llvm::to_vector(inputs[0]);
}
SmallVector<ParameterUse> NormalizeOp::getParameterUses(Shapes inputs) {
  return {{getMeanAttr(), {inputs[0].back()}}, {getDeviationAttr(), {inputs[0].back()}}};
}
void NormalizeOp::interpretRow(Inputs inputs, ParameterLookup parameter,
                               MutableArrayRef<double> output) {
  ArrayRef<double> mean = parameter(getMean()), deviation = parameter(getDeviation());
  for (size_t k = 0; k < output.size(); ++k)
    output[k] = (inputs[0][k] - mean[k % mean.size()]) / deviation[k % mean.size()];
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
  Type input = getInput().getType();
  if (!isImage(input))
    return templateName("Normalization", {getRowWidth(input)});
  return templateName("Normalization", {getRowWidth(input), channelsOf(input)});
}

//===-- Round ---------------------------------------------------------------------------------===//

LogicalResult RoundOp::verify() {
  const bool scaled = getElement() == Element::Int8;
  if (scaled != getScale().has_value())
    return emitOpError() << (scaled ? "to int8 needs a scale" : "to bf16 takes no scale");
  return success();
}

OpFoldResult RoundOp::fold(FoldAdaptor) {
  auto before = getInput().getDefiningOp<RoundOp>();
  const bool again = before && before.getElement() == getElement() &&
                     before.getScaleAttr() == getScaleAttr() && before.getPresent() == getPresent();
  return again ? before.getOutput() : OpFoldResult();
}

FailureOr<SmallVector<int64_t>> RoundOp::inferRowShape(Shapes inputs) {
  return llvm::to_vector(inputs[0]);
}
SmallVector<ParameterUse> RoundOp::getParameterUses(Shapes) {
  if (!getScale())
    return {};
  return {{getScaleAttr(), {1}}};
}
void RoundOp::interpretRow(Inputs inputs, ParameterLookup parameter,
                           MutableArrayRef<double> output) {
  for (auto [x, y] : llvm::zip_equal(inputs[0], output)) {
    if (getElement() == Element::BF16) {
      y = roundToBF16(x);
    } else {
      const double scale = parameter(*getScale()).front();
      y = roundToInt8(x / scale) * scale;
    }
  }
}
std::string RoundOp::getKernelName() { return ("round_" + stringifyElement(getElement())).str(); }
SmallVector<FlatSymbolRefAttr> RoundOp::getKernelParameters() {
  if (!getScale())
    return {};
  return {getScaleAttr()};
}
std::string RoundOp::getKernelStorage() { return getScale() ? "rnet::Scale" : ""; }
