// rnet-quantize-weights: layers of nodes with narrow weights learn what theirs become.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

#include "Scales.h"

namespace rnet {
#define GEN_PASS_DEF_QUANTIZEWEIGHTS
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

namespace {
struct QuantizeWeights : rnet::impl::QuantizeWeightsBase<QuantizeWeights> {
  using QuantizeWeightsBase::QuantizeWeightsBase;

  void runOnOperation() override {
    for (auto node : getOperation().getOps<NodeOp>())
      if (std::optional<Element> element = node.getElement())
        node.getBody().walk([&](LayerOpInterface layer) { quantize(layer, *element); });
  }

private:
  void quantize(LayerOpInterface layer, Element element) {
    auto kernel = dyn_cast<KernelOpInterface>(*layer);
    if (!kernel || kernel.getKernelParameters().empty())
      return;
    // `fog1.dense1.weight` has `fog1.dense1.scale` beside it.
    const StringRef path = kernel.getKernelParameters().front().getValue().rsplit('.').first;
    const bool scaled = element == Element::Int8;
    const FlatSymbolRefAttr scale = scaled ? getScale(path, &getContext()) : FlatSymbolRefAttr();
    if (layer.quantizeWeights(QuantizedAttr::get(&getContext(), element, scale)) && scaled)
      addScale(getOperation(), path, layer.getLoc());
  }
};
} // namespace
