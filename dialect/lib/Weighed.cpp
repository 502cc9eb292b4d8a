// What layers with weights share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Weighed.h"

#include "rnet/Dialect/Geometry.h"

#include "llvm/Support/Format.h"

#include <cmath>

using namespace mlir;
using namespace rnet;

SmallVector<FlatSymbolRefAttr> rnet::weighed(FlatSymbolRefAttr weight, FlatSymbolRefAttr bias,
                                             NormalizedAttr normalized) {
  SmallVector<FlatSymbolRefAttr> symbols{weight};
  if (bias)
    symbols.push_back(bias);
  if (normalized)
    symbols.append({normalized.getGamma(), normalized.getBeta(), normalized.getMean(),
                    normalized.getVariance()});
  return symbols;
}

void rnet::addUses(SmallVectorImpl<ParameterUse> &uses, FlatSymbolRefAttr bias,
                   NormalizedAttr normalized, int64_t outputs) {
  const SmallVector<FlatSymbolRefAttr> symbols = weighed({}, bias, normalized);
  for (FlatSymbolRefAttr symbol : llvm::drop_begin(symbols))
    uses.push_back({symbol, {outputs}});
}

std::string rnet::spellNormalized(NormalizedAttr normalized) {
  std::string text = "rnet::Normalized{";
  text += quoteNames({normalized.getGamma(), normalized.getBeta(), normalized.getMean(),
                      normalized.getVariance()});
  llvm::raw_string_ostream(text) << llvm::format(", %.17g}",
                                                 normalized.getEpsilon().getValueAsDouble());
  return text;
}

std::string rnet::spellLoad(FlatSymbolRefAttr weight, FlatSymbolRefAttr bias,
                            NormalizedAttr normalized) {
  std::string text = quoteNames(weighed(weight, bias, {}));
  return normalized ? text + ", " + spellNormalized(normalized) : text;
}

double rnet::normalize(double x, size_t channel, NormalizedAttr by, ParameterLookup parameter) {
  const double mean = parameter(by.getMean().getValue())[channel],
               variance = parameter(by.getVariance().getValue())[channel],
               gamma = parameter(by.getGamma().getValue())[channel],
               beta = parameter(by.getBeta().getValue())[channel];
  return (x - mean) / std::sqrt(variance + by.getEpsilon().getValueAsDouble()) * gamma + beta;
}

double rnet::finish(double sum, size_t output, FlatSymbolRefAttr bias, NormalizedAttr normalized,
                    ir::Activation activation, ParameterLookup parameter) {
  if (bias)
    sum += parameter(bias.getValue())[output];
  if (normalized)
    sum = normalize(sum, output, normalized, parameter);
  return activate(activation, sum);
}
