// From the checked spec to the `rnet` dialect.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"
#include "rnet/Grammars/Model.h"

namespace rnet {

/// A module with one rnet.network: no scheme yet, shapes still to be inferred. Locations are ranges
/// in the spec or in what it imports, within NameLocs that hold the user's names. Null, and
/// diagnostics, where the model has what cannot be compiled yet.
mlir::OwningOpRef<mlir::ModuleOp> importNetwork(const model::Network &network,
                                                const llvm::SourceMgr &sources,
                                                mlir::MLIRContext &context);

} // namespace rnet
