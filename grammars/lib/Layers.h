// What layers, and settings that look like calls, take.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "Evaluate.h"
#include "rnet/Grammars/Model.h"

namespace rnet {

struct Parameter {
  enum class Kind {
    count,       ///< a whole number from 1 on
    whole,       ///< a whole number from 0 on
    real,        ///< a number from 0 on
    positive,    ///< a number above 0
    fraction,    ///< from 0 to below 1
    probability, ///< from 0 to 1
    angle,       ///< degrees, 0 to 180
    flag,        ///< true or false
    name,        ///< of something that the spec declares
    draw,        ///< batch or row: what a random draw is for
    activation,  ///< the name of a layer that is one
    window,      ///< height and width: 3x3, or 3 for both
    padding,     ///< same, valid or pad(...)
    shape        ///< 4x4x8
  };
  llvm::StringRef name;
  Kind kind;
  /// As the documentation writes it: a value, the parameter whose value it takes, nothing where
  /// there is none, `kRequired` where it must be given.
  llvm::StringRef otherwise = "";
};
inline constexpr llvm::StringRef kRequired = "*";

struct Signature {
  llvm::StringRef name;
  std::vector<Parameter> parameters;
};

/// All layers of the language: a new one is a row there and a case in the importer's table.
llvm::ArrayRef<Signature> layerKinds();
/// The layer of a name, or null.
const Signature *findLayer(llvm::StringRef name);

/// Which argument goes to which of some parameters: null for those that have none. Nothing, and
/// diagnostics, where an argument goes to none, or two go to one.
std::optional<std::vector<const ast::Argument *>>
bindArguments(llvm::StringRef callee, llvm::ArrayRef<llvm::StringRef> parameters,
              llvm::ArrayRef<ast::Argument> arguments, Diagnostics &diagnostics);

/// The values of a call's arguments, defaults filled in. `range` is the whole call's.
std::optional<model::Arguments> readArguments(const Signature &signature,
                                              llvm::ArrayRef<ast::Argument> arguments,
                                              ast::Range range, const Constants &constants,
                                              Diagnostics &diagnostics);

/// One argument; false, and a diagnostic, where it is wrong.
bool readValue(const Parameter &parameter, const ast::Expression &value, const Constants &constants,
               model::Arguments &result, Diagnostics &diagnostics);

} // namespace rnet
