// Prints EmitC as C++ that people read.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/Dialect/EmitC/IR/EmitC.h"

namespace rnet::target {

/// Prints one emitc.file: locals and parameters are called as their NameLocs say, expressions
/// without a name are inlined, `rnet.comment` stands behind its line, lines end at 100 columns. The
/// same IR gives the same bytes. An op that convert-rnet-to-emitc does not make is an error.
llvm::LogicalResult printCpp(mlir::emitc::FileOp file, llvm::raw_ostream &out);

} // namespace rnet::target
