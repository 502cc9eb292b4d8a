// How failout draws, as attributes of rnet.recipe beside its own: present or not.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "llvm/ADT/StringRef.h"

namespace rnet {

/// Each row of a batch draws for itself.
inline constexpr llvm::StringLiteral kFailoutPerRow = "rnet.failout_per_row";
/// Failure patterns have even shares of the draws.
inline constexpr llvm::StringLiteral kFailoutStratified = "rnet.failout_stratified";

} // namespace rnet
