// From the checked spec to the `rnet` dialect.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"
#include "rnet/Grammars/Model.h"

namespace rnet {

/// A module with one rnet.network: no scheme yet, shapes still to be inferred. Locations are ranges
/// in the spec, within NameLocs that hold the user's names. Cannot fail: the model has been
/// checked.
mlir::OwningOpRef<mlir::ModuleOp> importNetwork(const model::Network &network,
                                                const llvm::SourceMgr &sources, unsigned buffer,
                                                mlir::MLIRContext &context);

} // namespace rnet
