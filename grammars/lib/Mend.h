// Where a bracket may have been lost.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/Diagnostics.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace rnet {

/// A lost bracket is often noticed far behind its place: layers go on where a node should have
/// ended. Behind a syntax error at `place`, notes up to three places before it where one bracket
/// more, less or another makes the whole text parse. `parses` tries a text. Work is bounded: long
/// texts get no such notes.
void noteMends(llvm::StringRef text, ast::Range place,
               llvm::function_ref<bool(llvm::StringRef)> parses, Diagnostics &diagnostics);

} // namespace rnet
