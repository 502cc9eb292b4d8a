// The parameters that hold scales of int8.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

namespace rnet {

/// `@NAME.scale`.
mlir::FlatSymbolRefAttr getScale(llvm::StringRef name, mlir::MLIRContext *context);
/// That parameter, of shape [1], behind all others of the network: the trainer, which rounds
/// nothing, has none of it among those of a node.
void addScale(NetworkOp network, llvm::StringRef name, mlir::Location where);

} // namespace rnet
