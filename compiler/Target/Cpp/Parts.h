// What generated files of both kinds of project have in common.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Target/Cpp/Project.h"

#include "mlir/Dialect/EmitC/IR/EmitC.h"

namespace rnet::target {

/// The class of a node's program: fog_node is FogNode.
std::string className(NodeOp node);

/// The first line of a file.
std::string fileHeader(NetworkOp network, llvm::StringRef what);

/// Prints a program's file.
llvm::FailureOr<GeneratedFile> printProgram(mlir::emitc::FileOp file);

} // namespace rnet::target
