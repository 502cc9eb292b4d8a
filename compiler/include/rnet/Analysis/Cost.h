// What a node costs: parameters, multiply-adds, bytes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

#include "llvm/ADT/MapVector.h"

namespace rnet {

/// For one row.
struct NodeCost {
  int64_t parameters = 0;   ///< elements, trained and frozen
  int64_t weights = 0;      ///< bytes of those, in their element types
  int64_t multiplyAdds = 0; ///< of all layers and projections at the node
  int64_t activations = 0;  ///< bytes of the arena; 0 for a program that is not planned
};

/// The cost of a node of a network whose projections have been placed and whose symbols these are,
/// or of a program.
NodeCost getCost(NodeOp node, const mlir::SymbolTable &symbols);
NodeCost getCost(ProgramOp program);

/// Those of getCost.
int64_t getMultiplyAdds(NodeOp node);

/// The program of a node in a module of programs, or null.
ProgramOp findProgram(mlir::ModuleOp module, NodeOp node, ir::Role role);

/// The parameters that a node or program reads, of those in `symbols`, and the bytes of each in its
/// element type.
llvm::MapVector<ParameterOp, int64_t> getParameterBytes(mlir::Operation *op,
                                                        const mlir::SymbolTable &symbols);

/// Bytes that one inference sends along a hyperconnection, without headers; where that is on
/// standby, while it stands in.
int64_t getBytes(HyperconnectionOp connection);
/// The same for all that a node sends while nothing fails: what is on standby does not count.
int64_t getBytesSent(NodeOp node);
/// The same while everything stands in.
int64_t getMostBytesSent(NodeOp node);

/// "526,000": digits in groups, for people.
std::string grouped(int64_t number);

} // namespace rnet
