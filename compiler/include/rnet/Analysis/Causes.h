// What may fail in a network, and what goes with it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

namespace rnet {

/// Of a link or a group: the failure probability in training, as a number; not there where that is
/// 0. Nodes have one in their operation.
inline constexpr llvm::StringLiteral kFailoutAttr = "rnet.failout";

/// A node, a link or a group.
struct FailureCause {
  mlir::Operation *op;
  llvm::StringRef name;
  bool failable = false;       ///< named in a reliability setting
  std::vector<unsigned> nodes; ///< that are down when it fails
  std::vector<unsigned> cut;   ///< hyperconnections whose route it then breaks
  bool isNode() const { return mlir::isa<NodeOp>(op); }
};

/// All nodes, then all links, then all groups; numbers and order are those of the IR.
std::vector<FailureCause> findFailureCauses(NetworkOp network);

/// Has it links or groups, so that more than nodes may fail?
bool hasLinksOrGroups(NetworkOp network);

} // namespace rnet
