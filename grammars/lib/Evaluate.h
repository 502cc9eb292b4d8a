// Values of expressions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/Diagnostics.h"

#include "llvm/ADT/StringMap.h"

namespace rnet {

using Constants = llvm::StringMap<double>;

/// The number that an expression stands for; nothing, and a diagnostic, where it is none.
std::optional<double> evaluate(const ast::Expression &expression, const Constants &constants,
                               Diagnostics &diagnostics);

/// A whole number from `least` on.
std::optional<int64_t> evaluateCount(const ast::Expression &expression, const Constants &constants,
                                     int64_t least, llvm::StringRef what, Diagnostics &diagnostics);

} // namespace rnet
