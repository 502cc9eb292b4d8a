// Layers of images: shapes, costs, meaning, adjoints and kernels, one group per layer.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Weighed.h"

#include "rnet/Dialect/Geometry.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

/// "KERNEL<rnet::Image{...}, rnet::Window{...}>".
static std::string windowKernel(StringRef kernel, WindowAttr window, Type image) {
  const Geometry geometry = getGeometry(window, getRowShape(image));
  return (kernel + "<" + geometry.spellImage() + ", " + geometry.spellWindow() + ">").str();
}

static FailureOr<SmallVector<int64_t>> inferWindow(Operation *op, WindowAttr window,
                                                   ArrayRef<int64_t> shape, int64_t channels) {
  if (failed(verifyWindow(op, window, shape)))
    return failure();
  const Geometry geometry = getGeometry(window, shape);
  return SmallVector<int64_t>{geometry.outputHeight(), geometry.outputWidth(), channels};
}

/// `work(output element, row, column, channel)` for each element of the output of a window.
static void forOutputs(const Geometry &geometry, int64_t channels,
                       llvm::function_ref<void(int64_t, int64_t, int64_t, int64_t)> work) {
  int64_t at = 0;
  for (int64_t row = 0; row < geometry.outputHeight(); ++row)
    for (int64_t column = 0; column < geometry.outputWidth(); ++column)
      for (int64_t channel = 0; channel < channels; ++channel)
        work(at++, row, column, channel);
}

//===-- Conv ----------------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> ConvOp::inferRowShape(Shapes inputs) {
  return inferWindow(*this, getWindow(), inputs[0], getFilters());
}
SmallVector<ParameterUse> ConvOp::getParameterUses(Shapes inputs) {
  ArrayRef<int64_t> kernel = getWindow().getKernel().asArrayRef();
  const int64_t filters = getFilters();
  SmallVector<ParameterUse> uses = {
      {getWeightAttr(), {filters, inputs[0].back(), kernel[0], kernel[1]}}};
  addUses(uses, getBiasAttr(), getNormalizedAttr(), filters, getQuantizedAttr());
  return uses;
}
int64_t ConvOp::getMultiplyAdds() {
  ArrayRef<int64_t> kernel = getWindow().getKernel().asArrayRef();
  return getRowWidth(getOutput().getType()) * kernel[0] * kernel[1] *
         getRowShape(getInput().getType()).back();
}
void ConvOp::interpretRow(Inputs inputs, ParameterLookup parameter,
                          MutableArrayRef<double> output) {
  const Geometry geometry = getGeometry(getWindow(), getRowShape(getInput().getType()));
  const int64_t channels = geometry.channels, taps = geometry.kernelHeight * geometry.kernelWidth;
  const Linear linear = getLinear(inputs[0], getFilters(), getWeightAttr(), getBiasAttr(),
                                  getNormalizedAttr(), getQuantizedAttr(), parameter);
  forOutputs(geometry, getFilters(), [&](int64_t at, int64_t row, int64_t column, int64_t filter) {
    double sum = linear.bias[filter];
    geometry.forTaps(row, column, [&](int64_t tap, int64_t y, int64_t x) {
      for (int64_t channel = 0; channel < channels; ++channel)
        sum += linear.weight[(filter * channels + channel) * taps + tap] *
               linear.input[(y * geometry.width + x) * channels + channel];
    });
    output[at] = activate(getActivation(), sum);
  });
}
SmallVector<Value> ConvOp::buildAdjoint(OpBuilder &builder, Value gradient, ArrayRef<bool> needed) {
  ConvAdjointParametersOp::create(builder, getLoc(), getInput(), gradient, Value(), getWindow(),
                                  getWeightAttr(), getBiasAttr());
  if (!needed[0])
    return {Value()};
  return {ConvAdjointInputOp::create(builder, getLoc(), getInput().getType(), gradient, Value(),
                                     getWindow(), getWeightAttr())
              .getOutput()};
}
bool ConvOp::fuseActivation(Activation activation, bool trains) {
  return !trains && takeActivation(*this, activation);
}
bool ConvOp::foldNormalization(NormalizedAttr normalization) {
  return takeNormalization(*this, normalization);
}
bool ConvOp::quantizeWeights(QuantizedAttr quantization) {
  ArrayRef<int64_t> kernel = getWindow().getKernel().asArrayRef();
  const int64_t channels = getRowShape(getInput().getType()).back(); // in words of four
  if (!canQuantize(quantization, kernel[0] * kernel[1] * llvm::alignTo(channels, 4)))
    return false;
  setQuantizedAttr(quantization);
  return true;
}
QuantizedAttr ConvOp::getQuantization() { return getQuantizedAttr(); }
std::string ConvOp::getKernelName() {
  return isTraining(*this) ? windowKernel("conv", getWindow(), getInput().getType())
                           : spellActivated("conv", getActivation());
}
SmallVector<FlatSymbolRefAttr> ConvOp::getKernelParameters() {
  return weighed(getWeightAttr(), getBiasAttr(), getNormalizedAttr(), getQuantizedAttr());
}
std::string ConvOp::getKernelStorage() {
  const Geometry geometry = getGeometry(getWindow(), getRowShape(getInput().getType()));
  return llvm::formatv("rnet::{0}<{1}, {2}, {3}>", spellStorage("Conv", getQuantizedAttr()),
                       geometry.spellImage(), geometry.spellWindow(), getFilters());
}
std::string ConvOp::getKernelLoad() {
  return spellLoad(getWeightAttr(), getBiasAttr(), getNormalizedAttr(), getQuantizedAttr());
}

std::string ConvAdjointInputOp::getKernelName() {
  return windowKernel("conv_adjoint_input", getWindow(), getOutput().getType());
}
SmallVector<FlatSymbolRefAttr> ConvAdjointInputOp::getKernelParameters() {
  return {getWeightAttr()};
}
std::string ConvAdjointParametersOp::getKernelName() {
  return windowKernel("conv_adjoint_parameters", getWindow(), getInput().getType());
}
SmallVector<FlatSymbolRefAttr> ConvAdjointParametersOp::getKernelParameters() {
  return weighed(getWeightAttr(), getBiasAttr(), {});
}

//===-- Depthwise conv ------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> DepthwiseConvOp::inferRowShape(Shapes inputs) {
  return inferWindow(*this, getWindow(), inputs[0], inputs[0].back());
}
SmallVector<ParameterUse> DepthwiseConvOp::getParameterUses(Shapes inputs) {
  ArrayRef<int64_t> kernel = getWindow().getKernel().asArrayRef();
  SmallVector<ParameterUse> uses = {{getWeightAttr(), {inputs[0].back(), 1, kernel[0], kernel[1]}}};
  addUses(uses, getBiasAttr(), getNormalizedAttr(), inputs[0].back());
  return uses;
}
int64_t DepthwiseConvOp::getMultiplyAdds() {
  ArrayRef<int64_t> kernel = getWindow().getKernel().asArrayRef();
  return getRowWidth(getOutput().getType()) * kernel[0] * kernel[1];
}
void DepthwiseConvOp::interpretRow(Inputs inputs, ParameterLookup parameter,
                                   MutableArrayRef<double> output) {
  const Geometry geometry = getGeometry(getWindow(), getRowShape(getInput().getType()));
  const int64_t channels = geometry.channels, taps = geometry.kernelHeight * geometry.kernelWidth;
  const Linear linear = getLinear(inputs[0], channels, getWeightAttr(), getBiasAttr(),
                                  getNormalizedAttr(), /*quantized=*/{}, parameter);
  forOutputs(geometry, channels, [&](int64_t at, int64_t row, int64_t column, int64_t channel) {
    double sum = linear.bias[channel];
    geometry.forTaps(row, column, [&](int64_t tap, int64_t y, int64_t x) {
      sum += linear.weight[channel * taps + tap] *
             linear.input[(y * geometry.width + x) * channels + channel];
    });
    output[at] = activate(getActivation(), sum);
  });
}
SmallVector<Value> DepthwiseConvOp::buildAdjoint(OpBuilder &builder, Value gradient,
                                                 ArrayRef<bool> needed) {
  DepthwiseConvAdjointParametersOp::create(builder, getLoc(), getInput(), gradient, Value(),
                                           getWindow(), getWeightAttr(), getBiasAttr());
  if (!needed[0])
    return {Value()};
  return {DepthwiseConvAdjointInputOp::create(builder, getLoc(), getInput().getType(), gradient,
                                              Value(), getWindow(), getWeightAttr())
              .getOutput()};
}
bool DepthwiseConvOp::fuseActivation(Activation activation, bool trains) {
  return !trains && takeActivation(*this, activation);
}
bool DepthwiseConvOp::foldNormalization(NormalizedAttr normalization) {
  return takeNormalization(*this, normalization);
}
std::string DepthwiseConvOp::getKernelName() {
  return isTraining(*this) ? windowKernel("depthwise_conv", getWindow(), getInput().getType())
                           : spellActivated("depthwise_conv", getActivation());
}
SmallVector<FlatSymbolRefAttr> DepthwiseConvOp::getKernelParameters() {
  return weighed(getWeightAttr(), getBiasAttr(), getNormalizedAttr());
}
std::string DepthwiseConvOp::getKernelStorage() {
  return windowKernel("rnet::DepthwiseConv", getWindow(), getInput().getType());
}
std::string DepthwiseConvOp::getKernelLoad() {
  return spellLoad(getWeightAttr(), getBiasAttr(), getNormalizedAttr(), /*quantized=*/{});
}

std::string DepthwiseConvAdjointInputOp::getKernelName() {
  return windowKernel("depthwise_conv_adjoint_input", getWindow(), getOutput().getType());
}
SmallVector<FlatSymbolRefAttr> DepthwiseConvAdjointInputOp::getKernelParameters() {
  return {getWeightAttr()};
}
std::string DepthwiseConvAdjointParametersOp::getKernelName() {
  return windowKernel("depthwise_conv_adjoint_parameters", getWindow(), getInput().getType());
}
SmallVector<FlatSymbolRefAttr> DepthwiseConvAdjointParametersOp::getKernelParameters() {
  return weighed(getWeightAttr(), getBiasAttr(), {});
}

//===-- Pooling -------------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> MaxPoolOp::inferRowShape(Shapes inputs) {
  return inferWindow(*this, getWindow(), inputs[0], inputs[0].back());
}
void MaxPoolOp::interpretRow(Inputs inputs, ParameterLookup, MutableArrayRef<double> output) {
  const Geometry geometry = getGeometry(getWindow(), getRowShape(getInput().getType()));
  forOutputs(geometry, geometry.channels,
             [&](int64_t at, int64_t row, int64_t column, int64_t channel) {
               output[at] = -std::numeric_limits<double>::infinity();
               geometry.forTaps(row, column, [&](int64_t, int64_t y, int64_t x) {
                 output[at] = std::max(
                     output[at], inputs[0][(y * geometry.width + x) * geometry.channels + channel]);
               });
             });
}
SmallVector<Value> MaxPoolOp::buildAdjoint(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {MaxPoolAdjointOp::create(builder, getLoc(), getInput().getType(), getInput(), getOutput(),
                                   gradient, Value(), getWindow())
              .getOutput()};
}
std::string MaxPoolOp::getKernelName() {
  return windowKernel("max_pool", getWindow(), getInput().getType());
}
std::string MaxPoolAdjointOp::getKernelName() {
  return windowKernel("max_pool_adjoint", getWindow(), getOutput().getType());
}

FailureOr<SmallVector<int64_t>> AvgPoolOp::inferRowShape(Shapes inputs) {
  return inferWindow(*this, getWindow(), inputs[0], inputs[0].back());
}
void AvgPoolOp::interpretRow(Inputs inputs, ParameterLookup, MutableArrayRef<double> output) {
  const Geometry geometry = getGeometry(getWindow(), getRowShape(getInput().getType()));
  forOutputs(geometry, geometry.channels,
             [&](int64_t at, int64_t row, int64_t column, int64_t channel) {
               double sum = 0, count = 0;
               geometry.forTaps(row, column, [&](int64_t, int64_t y, int64_t x) {
                 sum += inputs[0][(y * geometry.width + x) * geometry.channels + channel];
                 ++count;
               });
               output[at] = sum / count;
             });
}
SmallVector<Value> AvgPoolOp::buildAdjoint(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {AvgPoolAdjointOp::create(builder, getLoc(), getInput().getType(), gradient, Value(),
                                   getWindow())
              .getOutput()};
}
std::string AvgPoolOp::getKernelName() {
  return windowKernel("avg_pool", getWindow(), getInput().getType());
}
std::string AvgPoolAdjointOp::getKernelName() {
  return windowKernel("avg_pool_adjoint", getWindow(), getOutput().getType());
}

/// "KERNEL<rnet::Image{...}>".
static std::string imageKernel(StringRef kernel, Type image) {
  ArrayRef<int64_t> shape = getRowShape(image);
  const Geometry geometry{shape[0], shape[1], shape[2], 1, 1, 1, 1, 0, 0, 0, 0};
  return (kernel + "<" + geometry.spellImage() + ">").str();
}

FailureOr<SmallVector<int64_t>> GlobalAvgPoolOp::inferRowShape(Shapes inputs) {
  if (failed(verifyImage(*this, inputs[0])))
    return failure();
  return SmallVector<int64_t>{inputs[0].back()};
}
void GlobalAvgPoolOp::interpretRow(Inputs inputs, ParameterLookup, MutableArrayRef<double> output) {
  const size_t channels = output.size(), pixels = inputs[0].size() / channels;
  for (size_t channel = 0; channel < channels; ++channel) {
    double sum = 0;
    for (size_t pixel = 0; pixel < pixels; ++pixel)
      sum += inputs[0][pixel * channels + channel];
    output[channel] = sum / static_cast<double>(pixels);
  }
}
SmallVector<Value> GlobalAvgPoolOp::buildAdjoint(OpBuilder &builder, Value gradient,
                                                 ArrayRef<bool>) {
  return {GlobalAvgPoolAdjointOp::create(builder, getLoc(), getInput().getType(), gradient, Value())
              .getOutput()};
}
std::string GlobalAvgPoolOp::getKernelName() {
  return imageKernel("global_avg_pool", getInput().getType());
}
std::string GlobalAvgPoolAdjointOp::getKernelName() {
  return imageKernel("global_avg_pool_adjoint", getOutput().getType());
}

//===-- Zero pad ------------------------------------------------------------------------------===//

FailureOr<SmallVector<int64_t>> ZeroPadOp::inferRowShape(Shapes inputs) {
  if (failed(verifyImage(*this, inputs[0])))
    return failure();
  ArrayRef<int64_t> pad = getPad();
  if (pad.size() != 4 || llvm::any_of(pad, [](int64_t size) { return size < 0; }))
    return emitOpError("pads by four sizes: top, bottom, left, right");
  return SmallVector<int64_t>{inputs[0][0] + pad[0] + pad[1], inputs[0][1] + pad[2] + pad[3],
                              inputs[0][2]};
}
void ZeroPadOp::interpretRow(Inputs inputs, ParameterLookup, MutableArrayRef<double> output) {
  ArrayRef<int64_t> from = getRowShape(getInput().getType()),
                    to = getRowShape(getOutput().getType());
  llvm::fill(output, 0.0);
  for (int64_t y = 0; y < from[0]; ++y)
    for (int64_t x = 0; x < from[1]; ++x)
      for (int64_t channel = 0; channel < from[2]; ++channel)
        output[((y + getPad()[0]) * to[1] + x + getPad()[2]) * to[2] + channel] =
            inputs[0][(y * from[1] + x) * from[2] + channel];
}
SmallVector<Value> ZeroPadOp::buildAdjoint(OpBuilder &builder, Value gradient, ArrayRef<bool>) {
  return {ZeroPadAdjointOp::create(builder, getLoc(), getInput().getType(), gradient, Value(),
                                   getPadAttr())
              .getOutput()};
}
/// "KERNEL<rnet::Image{...}, rnet::Window{1, 1, 1, 1, top, bottom, left, right}>".
static std::string padKernel(StringRef kernel, ArrayRef<int64_t> pad, Type image) {
  ArrayRef<int64_t> shape = getRowShape(image);
  const Geometry geometry{shape[0], shape[1], shape[2], 1, 1, 1, 1, pad[0], pad[1], pad[2], pad[3]};
  return (kernel + "<" + geometry.spellImage() + ", " + geometry.spellWindow() + ">").str();
}
std::string ZeroPadOp::getKernelName() {
  return padKernel("zero_pad", getPad(), getInput().getType());
}
std::string ZeroPadAdjointOp::getKernelName() {
  return padKernel("zero_pad_adjoint", getPad(), getOutput().getType());
}
