// All ops of the dialect.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RNET_OPS_TD
#define RNET_OPS_TD

include "rnet/Dialect/RNetNetworkOps.td"
include "rnet/Dialect/RNetLayers.td"
include "rnet/Dialect/RNetActivations.td"
include "rnet/Dialect/RNetImageLayers.td"
include "rnet/Dialect/RNetStructureLayers.td"
include "rnet/Dialect/RNetProgramOps.td"

#endif // RNET_OPS_TD
