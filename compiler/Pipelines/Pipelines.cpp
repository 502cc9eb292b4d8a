// The order of the passes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Pipelines/Pipelines.h"

#include "rnet/Transforms/Passes.h"

#include "mlir/Dialect/EmitC/IR/EmitC.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

void rnet::registerDialects(DialectRegistry &registry) {
  registry.insert<RNetDialect, emitc::EmitCDialect>();
}

void rnet::buildNetworkPipeline(OpPassManager &passes, Scheme scheme) {
  OpPassManager &network = passes.nest<NetworkOp>();
  network.addPass(createSelectScheme({scheme}));
  network.addPass(createInferShapes());
  network.addPass(createAttachExits());
  network.addPass(createProjectHyperconnections());
  network.addPass(createWeighHyperconnections());
  network.addPass(createRoundHyperconnections());
  network.addPass(createQuantizeWeights());
}

void rnet::buildInterpretationPipeline(OpPassManager &passes) {
  passes.nest<NetworkOp>().addPass(createFoldBatchNorms({true}));
}

void rnet::buildInferencePipeline(OpPassManager &passes) {
  passes.addPass(createPartitionByNode({Role::Infer}));
  OpPassManager &program = passes.nest<ProgramOp>();
  program.addPass(createStripDropout());
  program.addPass(createFoldBatchNorms());
  program.addPass(createInsertRouting());
  program.addPass(createFuseActivations());
  program.addPass(createPlanBuffers());
  passes.addPass(createCheckBudgets());
}

void rnet::buildTrainingPipeline(OpPassManager &passes) {
  OpPassManager &network = passes.nest<NetworkOp>();
  network.addPass(createStripRounding());
  network.addPass(createInsertLoss());
  network.addPass(createInsertFailout());
  network.addPass(createFuseActivations());
  network.addPass(createDifferentiate());
  passes.addPass(createPartitionByNode({Role::Train}));
  OpPassManager &program = passes.nest<ProgramOp>();
  program.addPass(createInsertRouting());
  program.addPass(mlir::createCSEPass());
  program.addPass(createPlanBuffers());
}

LogicalResult rnet::compileToPrograms(ModuleOp module, Scheme scheme) {
  MLIRContext *context = module.getContext();
  PassManager shared(context), inference(context), training(context);
  buildNetworkPipeline(shared, scheme);
  buildInferencePipeline(inference);
  buildTrainingPipeline(training);
  // What these make is verified at the end: after each pass it would take a fifth of all the time.
  inference.enableVerifier(false);
  training.enableVerifier(false);
  if (failed(shared.run(module)))
    return failure();
  OwningOpRef<ModuleOp> trained(module.clone());
  if (failed(inference.run(module)) || failed(training.run(*trained)))
    return failure();
  for (auto program : llvm::make_early_inc_range(trained->getOps<ProgramOp>())) {
    program->remove();
    module.push_back(program);
  }
  return verify(module);
}
