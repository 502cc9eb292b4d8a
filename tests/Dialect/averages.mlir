// Averages and copies: printed as they are parsed, and checked.
// RUN: %rnet-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: %rnet-opt --mlir-print-op-generic %s --split-input-file --verify-diagnostics | %rnet-opt --split-input-file | FileCheck %s

// CHECK-LABEL: rnet.network @good
rnet.network @good {
  // CHECK: rnet.parameter @b_to_d.average init zeros frozen : tensor<4xf32>
  rnet.parameter @b_to_d.average init zeros frozen : tensor<4xf32>
  // CHECK: rnet.parameter @a_to_d.projection.b.dense1.bias init zeros copies @b.dense1.bias : tensor<4xf32>
  rnet.parameter @a_to_d.projection.b.dense1.bias init zeros copies @b.dense1.bias : tensor<4xf32>
  %x = rnet.input "x" at "d" : tensor<?x4xf32>
  %y = rnet.input "y" at "d" : tensor<?x4xf32>
  %d = rnet.node "d"(%x, %y) {
  ^bb0(%0: tensor<?x4xf32>, %1: tensor<?x4xf32>):
    // CHECK: %[[A:.*]] = rnet.average of @b_to_d.average : tensor<?x4xf32>
    %a = rnet.average of @b_to_d.average : tensor<?x4xf32>
    // CHECK: rnet.mux(%{{.*}}, %{{.*}}, %[[A]]) averages [0] by sum :
    %m = rnet.mux(%0, %1, %a) averages [0] by sum : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
    rnet.yield %m : tensor<?x4xf32>
  } : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
}

// -----

rnet.program @Missing infer "c" of @n in ["a_to_c", "b_to_c"] out [] {
  %a, %pa = rnet.receive "a_to_c" at 0 : tensor<?x4xf32>
  %b, %pb = rnet.receive "b_to_c" at 1 : tensor<?x4xf32>
  // CHECK: %[[W:.*]] = rnet.missing(%{{.*}}) beside(%{{.*}})
  %w = rnet.missing(%pa) beside(%pb)
  // CHECK: rnet.average where %[[W]] of @a_to_c.average
  %v = rnet.average where %w of @a_to_c.average : tensor<?x4xf32>
}
