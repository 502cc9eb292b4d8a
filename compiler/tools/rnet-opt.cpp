// rnet-opt: runs passes on IR from a file, for tests and for the curious.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Conversion/Passes.h"
#include "rnet/Pipelines/Pipelines.h"
#include "rnet/Transforms/Passes.h"

#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  rnet::registerDialects(registry);
  rnet::registerRNetTransformsPasses();
  rnet::registerRNetConversionPasses();
  mlir::registerCanonicalizerPass();
  mlir::registerCSEPass();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "rnet optimizer driver\n", registry));
}
