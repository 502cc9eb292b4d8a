// What layers with weights share: an optional bias, a folded batch normalisation, an activation.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

namespace rnet {

using Shapes = llvm::ArrayRef<llvm::ArrayRef<int64_t>>;
using Inputs = llvm::ArrayRef<llvm::ArrayRef<double>>;
using ParameterLookup = llvm::function_ref<llvm::ArrayRef<double>(llvm::StringRef)>;

/// Weight, bias, and the parameters of a folded normalisation; bias and normalisation may be null.
llvm::SmallVector<mlir::FlatSymbolRefAttr>
weighed(mlir::FlatSymbolRefAttr weight, mlir::FlatSymbolRefAttr bias, NormalizedAttr normalized);
/// Adds what `weighed` lists behind the weight: one element for each of `outputs`.
void addUses(llvm::SmallVectorImpl<ParameterUse> &uses, mlir::FlatSymbolRefAttr bias,
             NormalizedAttr normalized, int64_t outputs);
/// The arguments of the storage's `load`.
std::string spellLoad(mlir::FlatSymbolRefAttr weight, mlir::FlatSymbolRefAttr bias,
                      NormalizedAttr normalized);
/// What becomes of the sum of products of one output.
double finish(double sum, size_t output, mlir::FlatSymbolRefAttr bias, NormalizedAttr normalized,
              ir::Activation activation, ParameterLookup parameter);

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

} // namespace rnet
