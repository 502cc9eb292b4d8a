// The generated project: one folder per node, trainer, evaluator, tables, build file.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

#include <string>
#include <vector>

namespace rnet::target {

struct GeneratedFile {
  std::string path; ///< relative to the project's folder
  std::string text;
};

/// All files of the project, in a fixed order. `module` holds the shared network and the
/// emitc.files of its programs (after convert-rnet-to-emitc); `spec` is the name of the spec's
/// file, for the comments.
llvm::FailureOr<std::vector<GeneratedFile>> generateProject(mlir::ModuleOp module,
                                                            llvm::StringRef spec);

/// The same without a transport: a library a node, for programs that bring their own, and no
/// trainer or evaluator. The runtime's sources that it needs belong into its folder `runtime`.
llvm::FailureOr<std::vector<GeneratedFile>> generateLibraries(mlir::ModuleOp module,
                                                              llvm::StringRef spec);

/// The tables of the network, network.h and network.cpp.
GeneratedFile generateNetworkHeader(NetworkOp network, llvm::StringRef spec);
GeneratedFile generateNetworkTables(NetworkOp network, llvm::StringRef spec);

} // namespace rnet::target
