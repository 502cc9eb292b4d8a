// A compiled network as JSON and as a drawing.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "Spec.h"

#include "rnet/Dialect/RNetDialect.h"

#include "llvm/Support/JSON.h"

namespace rnet::tools {

/// The network as data, schema 1: nodes in order, inputs, outputs, hyperconnections with their
/// bytes and, of skips, what they stand in for; settings, costs per node. `rnet run` reads it too.
/// The spec's network must have passed buildNetworkPipeline; where its planned programs stand
/// beside it, memory is among the costs.
llvm::json::Value describe(const Spec &spec);

/// What each node and hyperconnection costs, as tables for people. Needs the planned programs.
void printCosts(NetworkOp network, llvm::raw_ostream &out);

/// The topology for Graphviz: machines as boxes, skip hyperconnections dashed. Classes, which dot
/// hands on to SVG, say what is what: `failable` or `steady`, `simple` or `skip`.
void drawDot(NetworkOp network, llvm::raw_ostream &out);

} // namespace rnet::tools
