// What converting a program asks of its network, found once for all of them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

#include "llvm/ADT/StringMap.h"

namespace rnet {

/// Valid as long as no op of the network comes or goes.
struct NetworkIndex {
  explicit NetworkIndex(NetworkOp network);

  NetworkOp network;
  llvm::StringMap<HyperconnectionOp> connections;
  llvm::StringMap<llvm::SmallVector<ExitOp>> exits; ///< by their nodes
  llvm::StringMap<int64_t> parameters;              ///< where each stands among all
};

/// "f32[250]", as a spec writes it.
std::string describeRows(mlir::Type rows, llvm::StringRef element = "f32");

/// The lines of comment at the top of a node's class: what comes in, goes out, and is in between.
llvm::SmallVector<std::string> describeNode(ProgramOp program, const NetworkIndex &index);

} // namespace rnet
