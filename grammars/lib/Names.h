// Names that may be taken once.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/Diagnostics.h"

#include "llvm/ADT/StringMap.h"

namespace rnet {

using Names = llvm::StringMap<ast::Range>;

/// False, and a diagnostic, where the name is taken.
inline bool declare(Names &names, llvm::StringRef name, ast::Range range, llvm::StringRef what,
                    Diagnostics &diagnostics) {
  auto [first, isNew] = names.try_emplace(name, range);
  if (isNew)
    return true;
  diagnostics.report("duplicate-name", range,
                     "there is a second " + what + " named '" + name + "'");
  diagnostics.note(first->second, "the first is here");
  return false;
}

} // namespace rnet
