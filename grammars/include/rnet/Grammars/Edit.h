// Changes to a spec's text that leave the rest of it as the person wrote it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/AST.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <optional>

namespace rnet {

/// The text with more skips or averages, each on a line of its own, behind the last skip
/// hyperconnection; where there is none, behind its last simple one. `text` is what was parsed.
/// Nothing where the file has no network, or one without hyperconnections.
std::optional<std::string> insertSkips(const ast::File &file, llvm::StringRef text,
                                       llvm::ArrayRef<std::string> items);

/// The text with a projection behind every skip hyperconnection that has none; an empty one is left
/// out. `text` is what was parsed, and has a network.
std::string projectSkips(const ast::File &file, llvm::StringRef text,
                         llvm::function_ref<std::string(const ast::Skip &)> projectionOf);

/// What turns `before` into `after`, as `diff -u` would say it where the texts differ in one place;
/// empty where they do not differ. `path` stands in its head.
std::string unifiedDiff(llvm::StringRef path, llvm::StringRef before, llvm::StringRef after);

} // namespace rnet
