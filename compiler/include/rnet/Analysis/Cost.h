// What a node costs: parameters, multiply-adds, bytes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

namespace rnet {

/// For one row, f32.
struct NodeCost {
  int64_t parameters = 0;   ///< elements, trained and frozen
  int64_t multiplyAdds = 0; ///< of all layers and projections at the node
};

/// The cost of a node of a network whose projections have been placed, or of a program.
NodeCost getCost(NodeOp node);
NodeCost getCost(ProgramOp program);

/// Bytes that one inference sends along a hyperconnection, without headers.
int64_t getBytes(HyperconnectionOp connection);

} // namespace rnet
