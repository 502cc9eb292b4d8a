// Batch normalisation, joining, reshaping, dropout.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Weighed.h"

#include "rnet/Dialect/Geometry.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

static int64_t channelsOf(Type rows) { return getRowShape(rows).back(); }

//===-- Batch norm ----------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> BatchNormOp::inferRowShape(Shapes inputs) {
  return llvm::to_vector(inputs[0]);
}
SmallVector<ParameterUse> BatchNormOp::getParameterUses(Shapes inputs) {
  SmallVector<ParameterUse> uses;
  addUses(uses, {}, getNormalized(), inputs[0].back());
  return uses;
}
int64_t BatchNormOp::getMultiplyAdds() { return getRowWidth(getInput().getType()); }
NormalizedAttr BatchNormOp::getNormalized() {
  return NormalizedAttr::get(getContext(), getGammaAttr(), getBetaAttr(), getMeanAttr(),
                             getVarianceAttr(), getEpsilonAttr());
}
void BatchNormOp::interpretRow(Inputs inputs, ParameterLookup parameter,
                               MutableArrayRef<double> output) {
  const size_t channels = parameter(getGamma()).size();
  for (size_t k = 0; k < output.size(); ++k)
    output[k] = activate(getActivation(),
                         normalize(inputs[0][k], k % channels, getNormalized(), parameter));
}
SmallVector<Value> BatchNormOp::buildAdjoint(OpBuilder &builder, Value gradient,
                                             ArrayRef<bool> needed) {
  if (needed[0])
    return {BatchNormAdjointOp::create(builder, getLoc(), getInput().getType(), getInput(),
                                       gradient, Value(), getGammaAttr(), getBetaAttr(),
                                       getMeanAttr(), getVarianceAttr(), getEpsilonAttr(),
                                       getMomentumAttr(), getActivationAttr())
                .getOutput()};
  BatchNormAdjointParametersOp::create(
      builder, getLoc(), getInput(), gradient, Value(), getGammaAttr(), getBetaAttr(),
      getMeanAttr(), getVarianceAttr(), getEpsilonAttr(), getMomentumAttr(), getActivationAttr());
  return {Value()};
}
bool BatchNormOp::fuseActivation(Activation activation, bool trains) {
  if (trains && activation != Activation::Relu && activation != Activation::Relu6)
    return false;
  return takeActivation(*this, activation);
}

/// "batch_norm<24>" or "batch_norm<24, rnet::Relu>".
static std::string channelKernel(StringRef kernel, Type rows, Activation activation) {
  return (kernel + "<" + Twine(channelsOf(rows)) + spellNextArgument(activation) + ">").str();
}
static std::string statisticsOf(Type rows) {
  return llvm::formatv("rnet::train::BatchStatistics<T, {0}>", channelsOf(rows));
}
std::string BatchNormOp::getKernelName() {
  return isTraining(*this) ? channelKernel("batch_norm", getInput().getType(), getActivation())
                           : spellActivated("batch_norm", getActivation());
}
SmallVector<FlatSymbolRefAttr> BatchNormOp::getKernelParameters() {
  return {getGammaAttr(), getBetaAttr(), getMeanAttr(), getVarianceAttr()};
}
std::string BatchNormOp::getKernelStorage() {
  Type input = getInput().getType();
  return llvm::formatv("rnet::BatchNorm<{0}, {1}>", getRowWidth(input), channelsOf(input));
}
std::string BatchNormOp::getKernelLoad() { return spellNormalized(getNormalized()); }
SmallVector<Attribute> BatchNormOp::getKernelLiterals() {
  // The inference kernel knows them from its storage.
  if (!isTraining(*this))
    return {};
  return {getEpsilonAttr(), getMomentumAttr()};
}
std::string BatchNormOp::getKernelState() { return statisticsOf(getInput().getType()); }

std::string BatchNormAdjointOp::getKernelName() {
  return channelKernel("batch_norm_adjoint", getInput().getType(), getActivation());
}
SmallVector<FlatSymbolRefAttr> BatchNormAdjointOp::getKernelParameters() {
  return {getGammaAttr(), getBetaAttr(), getMeanAttr(), getVarianceAttr()};
}
SmallVector<Attribute> BatchNormAdjointOp::getKernelLiterals() {
  return {getEpsilonAttr(), getMomentumAttr()};
}
std::string BatchNormAdjointOp::getKernelState() { return statisticsOf(getInput().getType()); }

bool BatchNormAdjointOp::couplesRows() { return true; }

std::string BatchNormAdjointParametersOp::getKernelName() {
  return channelKernel("batch_norm_adjoint_parameters", getInput().getType(), getActivation());
}
SmallVector<FlatSymbolRefAttr> BatchNormAdjointParametersOp::getKernelParameters() {
  return {getGammaAttr(), getBetaAttr(), getMeanAttr(), getVarianceAttr()};
}
SmallVector<Attribute> BatchNormAdjointParametersOp::getKernelLiterals() {
  return {getEpsilonAttr(), getMomentumAttr()};
}
std::string BatchNormAdjointParametersOp::getKernelState() {
  return statisticsOf(getInput().getType());
}
bool BatchNormAdjointParametersOp::couplesRows() { return true; }

//===-- Add and concat ------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> AddOp::inferRowShape(Shapes inputs) {
  if (inputs[0] != inputs[1])
    return emitError("adds rows of different shapes [shape-mismatch]");
  return llvm::to_vector(inputs[0]);
}
void AddOp::interpretRow(Inputs inputs, ParameterLookup, MutableArrayRef<double> output) {
  for (size_t k = 0; k < output.size(); ++k)
    output[k] = activate(getActivation(), inputs[0][k] + inputs[1][k]);
}
SmallVector<Value> AddOp::buildAdjoint(OpBuilder &, Value gradient, ArrayRef<bool>) {
  return {gradient, gradient};
}
bool AddOp::fuseActivation(Activation activation, bool trains) {
  return !trains && takeActivation(*this, activation);
}
std::string AddOp::getKernelName() { return spellActivated("add", getActivation()); }

static int64_t pixelsOf(Type rows) { return getRowWidth(rows) / channelsOf(rows); }

FailureOr<SmallVector<int64_t>> ConcatOp::inferRowShape(Shapes inputs) {
  if (inputs[0].drop_back() != inputs[1].drop_back())
    return emitError("joins channels of images of different sizes [shape-mismatch]");
  SmallVector<int64_t> shape = llvm::to_vector(inputs[0]);
  shape.back() += inputs[1].back();
  return shape;
}
void ConcatOp::interpretRow(Inputs inputs, ParameterLookup, MutableArrayRef<double> output) {
  const size_t first = channelsOf(getLhs().getType()), second = channelsOf(getRhs().getType());
  for (size_t k = 0; k < output.size(); ++k) {
    const size_t pixel = k / (first + second), channel = k % (first + second);
    output[k] = channel < first ? inputs[0][pixel * first + channel]
                                : inputs[1][pixel * second + channel - first];
  }
}
SmallVector<Value> ConcatOp::buildAdjoint(OpBuilder &builder, Value gradient,
                                          ArrayRef<bool> needed) {
  auto slice = [&](Value operand, int64_t offset) {
    return SliceOp::create(builder, getLoc(), operand.getType(), gradient, Value(), offset)
        .getOutput();
  };
  return {needed[0] ? slice(getLhs(), 0) : Value(),
          needed[1] ? slice(getRhs(), channelsOf(getLhs().getType())) : Value()};
}
std::string ConcatOp::getKernelName() {
  return llvm::formatv("concat<{0}>", pixelsOf(getOutput().getType()));
}
std::string SliceOp::getKernelName() {
  return llvm::formatv("slice<{0}, {1}>", pixelsOf(getOutput().getType()), getOffset());
}

//===-- Reshape -------------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> ReshapeOp::inferRowShape(Shapes inputs) {
  const int64_t elements = ShapedType::getNumElements(inputs[0]);
  if (getShape().empty())
    return SmallVector<int64_t>{elements};
  if (ShapedType::getNumElements(getShape()) != elements)
    return shapeError(*this) << "gives " << ShapedType::getNumElements(getShape())
                             << " elements to " << elements << " [shape-mismatch]";
  return llvm::to_vector(getShape());
}
void ReshapeOp::interpretRow(Inputs inputs, ParameterLookup, MutableArrayRef<double> output) {
  llvm::copy(inputs[0], output.begin());
}
bool ReshapeOp::isView() { return true; }
SmallVector<Value> ReshapeOp::buildAdjoint(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {ReshapeOp::create(builder, getLoc(), getInput().getType(), gradient,
                            builder.getDenseI64ArrayAttr(getRowShape(getInput().getType())))
              .getOutput()};
}

//===-- Dropout -------------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> DropoutOp::inferRowShape(Shapes inputs) {
  return llvm::to_vector(inputs[0]);
}
void DropoutOp::interpretRow(Inputs inputs, ParameterLookup, MutableArrayRef<double> output) {
  llvm::copy(inputs[0], output.begin());
}
SmallVector<Value> DropoutOp::buildAdjoint(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {DropoutAdjointOp::create(builder, getLoc(), getInput().getType(), gradient, Value(),
                                   getRateAttr(), getNumberAttr())
              .getOutput()};
}
std::string DropoutOp::getKernelName() { return "dropout"; }
SmallVector<Attribute> DropoutOp::getKernelLiterals() { return {getRateAttr(), getNumberAttr()}; }
std::string DropoutAdjointOp::getKernelName() { return "dropout_adjoint"; }
SmallVector<Attribute> DropoutAdjointOp::getKernelLiterals() {
  return {getRateAttr(), getNumberAttr()};
}
