// What a spec declares and never names again.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/Diagnostics.h"

namespace rnet {

/// Behind a report of a node that does not exist: notes up to three nodes that nothing names, since
/// one of them may be what was meant. `suggested` is noted already. Where a link or group may have
/// been meant as well, up to three of those, too.
void noteUnnamed(const ast::Network &network, llvm::StringRef suggested, bool nodesOnly,
                 Diagnostics &diagnostics);

} // namespace rnet
