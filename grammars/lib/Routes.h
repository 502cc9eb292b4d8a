// The physical ways of hyperconnections.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/Model.h"

namespace rnet {

/// Where the network has links, gives each hyperconnection its route: of those over the fewest
/// links, the one whose first link is declared first, and whose first relay that link names first,
/// and so on. Reports those that have none.
void findRoutes(model::Network &network, Diagnostics &diagnostics);

/// Warns of skips that are relayed by a node they bypass. Stand-ins are known.
void warnUselessRoutes(const model::Network &network, Diagnostics &diagnostics);

} // namespace rnet
