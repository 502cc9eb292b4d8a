// What a hyperconnection must do to a tensor before it may travel and where it arrives.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

namespace rnet {

/// The layer, as a spec writes it, that makes rows of one shape those of another; empty where there
/// is none so simple.
std::string suggestProjection(mlir::Type from, mlir::Type to);

/// The private input whose raw values `value` still shows, or null. A layer with trained weights,
/// of two and more axes, hides them; a factor of each element, as in normalisation, does not.
InputOp findRawPrivateInput(mlir::Value value, const mlir::SymbolTable &symbols);

/// "f32[32x32x3]", as a spec writes it.
std::string spellRows(mlir::Type type);

} // namespace rnet
