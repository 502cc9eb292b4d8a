// Values of expressions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/Diagnostics.h"

#include "llvm/ADT/StringMap.h"

namespace rnet {

/// Constants by name; those of a block, its parameters, hide those outside.
struct Constants {
  struct Constant {
    double value;
    ast::Range name;
    ast::Range origin; ///< what gives it its value
  };
  const Constants *outer = nullptr;
  llvm::StringMap<Constant> values;

  const Constant *lookup(llvm::StringRef name) const {
    for (const Constants *scope = this; scope; scope = scope->outer)
      if (auto found = scope->values.find(name); found != scope->values.end())
        return &found->second;
    return nullptr;
  }
  std::optional<double> find(llvm::StringRef name) const {
    const Constant *found = lookup(name);
    return found ? std::optional(found->value) : std::nullopt;
  }
};

/// The number that an expression stands for; nothing, and a diagnostic, where it is none.
std::optional<double> evaluate(const ast::Expression &expression, const Constants &constants,
                               Diagnostics &diagnostics);

/// Behind a report of a value that is not as it should be: where the constants that are in it got
/// theirs.
void noteOrigins(const ast::Expression &expression, const Constants &constants,
                 Diagnostics &diagnostics);

/// A whole number from `least` on.
std::optional<int64_t> evaluateCount(const ast::Expression &expression, const Constants &constants,
                                     int64_t least, llvm::StringRef what, Diagnostics &diagnostics);

/// `3x3`, `32x32x3`, or one number: whole numbers from 1 on, a billion at most.
std::optional<std::vector<int64_t>> evaluateSizes(const ast::Expression &expression,
                                                  const Constants &constants, llvm::StringRef what,
                                                  Diagnostics &diagnostics);

} // namespace rnet
