// What layers with weights share: an optional bias, a folded batch normalisation, an activation.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

#include <vector>

namespace rnet {

using Shapes = llvm::ArrayRef<llvm::ArrayRef<int64_t>>;
using Inputs = llvm::ArrayRef<llvm::ArrayRef<double>>;
using ParameterLookup = llvm::function_ref<llvm::ArrayRef<double>(llvm::StringRef)>;

/// Weight, bias, the parameters of a folded normalisation, and the scale of the input; all but the
/// weight may be null.
llvm::SmallVector<mlir::FlatSymbolRefAttr> weighed(mlir::FlatSymbolRefAttr weight,
                                                   mlir::FlatSymbolRefAttr bias,
                                                   NormalizedAttr normalized,
                                                   QuantizedAttr quantized = {});
/// Adds what `weighed` lists behind the weight: one element for each of `outputs`, but one scale.
void addUses(llvm::SmallVectorImpl<ParameterUse> &uses, mlir::FlatSymbolRefAttr bias,
             NormalizedAttr normalized, int64_t outputs, QuantizedAttr quantized = {});
/// Whether an output can have so many inputs: sums of int8 have to fit 32 bits.
inline bool canQuantize(QuantizedAttr quantized, int64_t inputs) {
  return !quantized || quantized.getElement() != ir::Element::Int8 || inputs <= 65536;
}
/// The arguments of the storage's `load`.
std::string spellLoad(mlir::FlatSymbolRefAttr weight, mlir::FlatSymbolRefAttr bias,
                      NormalizedAttr normalized, QuantizedAttr quantized);
/// "Dense", "DenseBf16", "DenseInt8": the storage of such weights.
std::string spellStorage(llvm::StringRef name, QuantizedAttr quantized);
/// The numbers that a layer multiplies and adds: weights [outputs][...] and biases [outputs], a
/// normalisation folded in, and its input; narrow ones as what they stand for.
struct Linear {
  std::vector<double> weight, bias, input;
};
Linear getLinear(llvm::ArrayRef<double> input, size_t outputs, mlir::FlatSymbolRefAttr weight,
                 mlir::FlatSymbolRefAttr bias, NormalizedAttr normalized, QuantizedAttr quantized,
                 ParameterLookup parameter);

/// Takes over what follows, where nothing was taken over yet.
template <class Layer> bool takeActivation(Layer layer, ir::Activation activation) {
  if (layer.getActivation() != ir::Activation::None)
    return false;
  layer.setActivation(activation);
  return true;
}
template <class Layer> bool takeNormalization(Layer layer, NormalizedAttr normalization) {
  if (layer.getNormalizedAttr() || layer.getActivation() != ir::Activation::None)
    return false;
  layer.setNormalizedAttr(normalization);
  return true;
}

/// `rnet::Normalized{"gamma", "beta", "mean", "variance", 0.001}`.
std::string spellNormalized(NormalizedAttr normalized);
/// (x - mean) / sqrt(variance + epsilon) * gamma + beta of one channel.
double normalize(double x, size_t channel, NormalizedAttr normalized, ParameterLookup parameter);

/// The nearest bf16, ties to even, by LLVM's own.
double roundToBF16(double x);
/// The nearest whole number from -127 to 127, ties to even; of a NaN 0.
double roundToInt8(double x);

} // namespace rnet
