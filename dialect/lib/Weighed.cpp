// What layers with weights share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Weighed.h"

#include "rnet/Dialect/Geometry.h"

#include "llvm/Support/Format.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace rnet;

SmallVector<FlatSymbolRefAttr> rnet::weighed(FlatSymbolRefAttr weight, FlatSymbolRefAttr bias,
                                             NormalizedAttr normalized, QuantizedAttr quantized) {
  SmallVector<FlatSymbolRefAttr> symbols{weight};
  if (bias)
    symbols.push_back(bias);
  if (normalized)
    symbols.append({normalized.getGamma(), normalized.getBeta(), normalized.getMean(),
                    normalized.getVariance()});
  if (quantized && quantized.getScale())
    symbols.push_back(quantized.getScale());
  return symbols;
}

void rnet::addUses(SmallVectorImpl<ParameterUse> &uses, FlatSymbolRefAttr bias,
                   NormalizedAttr normalized, int64_t outputs, QuantizedAttr quantized) {
  const SmallVector<FlatSymbolRefAttr> symbols = weighed({}, bias, normalized);
  for (FlatSymbolRefAttr symbol : llvm::drop_begin(symbols))
    uses.push_back({symbol, {outputs}});
  if (quantized && quantized.getScale())
    uses.push_back({quantized.getScale(), {1}});
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
                            NormalizedAttr normalized, QuantizedAttr quantized) {
  std::string text;
  if (quantized && quantized.getScale())
    text = quoteNames(quantized.getScale()) + ", ";
  text += quoteNames(weighed(weight, bias, {}));
  return normalized ? text + ", " + spellNormalized(normalized) : text;
}

std::string rnet::spellStorage(StringRef name, QuantizedAttr quantized) {
  if (!quantized)
    return name.str();
  return (name + (quantized.getElement() == ir::Element::BF16 ? "Bf16" : "Int8")).str();
}

double rnet::normalize(double x, size_t channel, NormalizedAttr by, ParameterLookup parameter) {
  const double mean = parameter(by.getMean().getValue())[channel],
               variance = parameter(by.getVariance().getValue())[channel],
               gamma = parameter(by.getGamma().getValue())[channel],
               beta = parameter(by.getBeta().getValue())[channel];
  return (x - mean) / std::sqrt(variance + by.getEpsilon().getValueAsDouble()) * gamma + beta;
}

double rnet::roundToBF16(double x) {
  bool inexact;
  llvm::APFloat value(static_cast<float>(x));
  value.convert(llvm::APFloat::BFloat(), llvm::APFloat::rmNearestTiesToEven, &inexact);
  return value.convertToDouble();
}

double rnet::roundToInt8(double x) {
  return std::isnan(x) ? 0 : std::clamp(std::nearbyint(x), -127.0, 127.0);
}

/// The weights of one output.
static void quantize(MutableArrayRef<double> weights, ir::Element element) {
  float largest = 0;
  for (double &weight : weights) {
    weight = static_cast<float>(weight);
    largest = std::max(largest, static_cast<float>(std::abs(weight)));
  }
  const float step = largest > 0 ? std::max(largest / 127, 1e-30f) : 1;
  for (double &weight : weights)
    weight = element == ir::Element::BF16
                 ? roundToBF16(weight)
                 : roundToInt8(static_cast<float>(weight) / step) * static_cast<double>(step);
}

Linear rnet::getLinear(ArrayRef<double> input, size_t outputs, FlatSymbolRefAttr weight,
                       FlatSymbolRefAttr bias, NormalizedAttr normalized, QuantizedAttr quantized,
                       ParameterLookup parameter) {
  Linear linear{parameter(weight.getValue()).vec(), std::vector<double>(outputs), input.vec()};
  if (bias)
    linear.bias = parameter(bias.getValue()).vec();
  const size_t each = linear.weight.size() / outputs;
  for (size_t output = 0; output < outputs; ++output) {
    MutableArrayRef<double> weights(linear.weight.data() + output * each, each);
    if (normalized) {
      const double shift = normalize(0, output, normalized, parameter),
                   factor = normalize(1, output, normalized, parameter) - shift;
      linear.bias[output] = linear.bias[output] * factor + shift;
      for (double &value : weights)
        value *= factor;
    }
    if (quantized)
      quantize(weights, quantized.getElement());
  }
  if (quantized && quantized.getScale()) {
    const double scale = parameter(quantized.getScale().getValue()).front();
    for (double &x : linear.input)
      x = roundToInt8(x / scale) * scale;
  }
  return linear;
}
