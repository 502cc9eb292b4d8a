// Conversions out of the dialect; see Passes.td.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace rnet {

/// On an emitc op: a comment for the end of its line.
inline constexpr llvm::StringLiteral kCommentAttr = "rnet.comment";
/// On an emitc.func: what stands behind its parameters, `const noexcept override`.
inline constexpr llvm::StringLiteral kSuffixAttr = "rnet.suffix";
/// On an emitc.class: its base class.
inline constexpr llvm::StringLiteral kBaseAttr = "rnet.base";

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "rnet/Conversion/Passes.h.inc"

} // namespace rnet
