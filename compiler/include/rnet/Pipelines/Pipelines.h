// The order of the passes, in one place.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

#include "mlir/Pass/PassManager.h"

namespace rnet {

/// All dialects that the compiler's IR may hold.
void registerDialects(mlir::DialectRegistry &registry);

/// What training and inference share: scheme, shapes, projections, weights of hyperconnections.
void buildNetworkPipeline(mlir::OpPassManager &passes, ir::Scheme scheme);
/// From the shared network to what the reference interpreter runs.
void buildInterpretationPipeline(mlir::OpPassManager &passes);
/// From the shared network to planned inference programs.
void buildInferencePipeline(mlir::OpPassManager &passes);
/// From the shared network to planned training programs.
void buildTrainingPipeline(mlir::OpPassManager &passes);

/// Runs all of it: afterwards `module` holds the shared network, and behind it the inference and
/// the training program of each node. Errors are on the module's context.
llvm::LogicalResult compileToPrograms(mlir::ModuleOp module, ir::Scheme scheme);

} // namespace rnet
