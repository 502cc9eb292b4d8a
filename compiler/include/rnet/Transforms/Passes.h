// The passes over networks and programs; see Passes.td.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

#include "mlir/Pass/Pass.h"

namespace rnet {

/// Attribute on an op of a planned program: the place of each result, elements per row (tensors) or
/// mask index (masks); -1 for a tensor that is computed in the output `rnet.sent_at`.
inline constexpr llvm::StringLiteral kPlaceAttr = "rnet.place";
inline constexpr llvm::StringLiteral kSentAtAttr = "rnet.sent_at";

/// What rnet-analyze-flow found, a number for each reliability setting: on a network, the
/// probability of information flow; on a node, link, group or hyperconnection, how much of it goes
/// where that is missing.
inline constexpr llvm::StringLiteral kFlowAttr = "rnet.flow";
inline constexpr llvm::StringLiteral kFlowLostAttr = "rnet.flow_lost";
/// On a node, link or group without which nothing flows.
inline constexpr llvm::StringLiteral kSinglePointAttr = "rnet.single_point";

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "rnet/Transforms/Passes.h.inc"

} // namespace rnet
