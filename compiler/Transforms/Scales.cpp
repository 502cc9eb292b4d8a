// The parameters that hold scales of int8.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Scales.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

FlatSymbolRefAttr rnet::getScale(StringRef name, MLIRContext *context) {
  return FlatSymbolRefAttr::get(context, (name + ".scale").str());
}

void rnet::addScale(NetworkOp network, StringRef name, Location where) {
  OpBuilder builder(network.getContext());
  Operation *last = nullptr;
  for (auto parameter : network.getOps<ParameterOp>())
    last = parameter;
  if (last)
    builder.setInsertionPointAfter(last);
  else
    builder.setInsertionPointToStart(&network.getBody().front());
  ParameterOp::create(builder, where, getScale(name, builder.getContext()).getAttr(),
                      Initializer::Ones, /*frozen=*/true, FlatSymbolRefAttr(),
                      RankedTensorType::get({1}, builder.getF32Type()));
}
