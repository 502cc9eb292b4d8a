// What passes do to nodes that take up layers from elsewhere.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

namespace rnet {

/// Clones the layers of a region, which take one value and yield one; returns what they make of
/// `source`.
mlir::Value inlineLayers(mlir::Region &layers, mlir::Value source, mlir::OpBuilder &builder);

/// The node with one more result; the old one is gone.
NodeOp addResult(NodeOp node, mlir::Value value);

} // namespace rnet
