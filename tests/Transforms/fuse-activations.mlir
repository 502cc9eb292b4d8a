// An activation goes into the dense layer before it, unless that value is used elsewhere or the program trains.
// RUN: %rnet-opt %s -split-input-file -pass-pipeline='builtin.module(rnet.program(rnet-fuse-activations))' | FileCheck %s

// CHECK-LABEL: rnet.program @B
// CHECK: rnet.dense {{.*}} then relu
// CHECK-NOT: rnet.relu
rnet.program @B infer "b" of @n in ["a_to_b"] out [["b_to_c"]] {
  rnet.parameter @w init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @b init zeros : tensor<4xf32>
  %x, %p = rnet.receive "a_to_b" at 0 : tensor<?x2xf32>
  %d = rnet.dense %x where %p units 4 weight @w bias @b : tensor<?x2xf32> -> tensor<?x4xf32>
  %r = rnet.relu %d where %p : tensor<?x4xf32> -> tensor<?x4xf32>
  rnet.send %r where %p at 0 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: rnet.program @Twice
// CHECK: rnet.relu
rnet.program @Twice infer "b" of @n in ["a_to_b"] out [["b_to_c"], ["b_to_d"]] {
  rnet.parameter @w init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @b init zeros : tensor<4xf32>
  %x, %p = rnet.receive "a_to_b" at 0 : tensor<?x2xf32>
  %d = rnet.dense %x where %p units 4 weight @w bias @b : tensor<?x2xf32> -> tensor<?x4xf32>
  %r = rnet.relu %d where %p : tensor<?x4xf32> -> tensor<?x4xf32>
  rnet.send %r where %p at 0 : tensor<?x4xf32>
  rnet.send %d where %p at 1 : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: rnet.program @Trained
// CHECK: rnet.relu
rnet.program @Trained train "b" of @n in ["a_to_b"] out [["b_to_c"]] {
  rnet.parameter @w init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @b init zeros : tensor<4xf32>
  %x, %p = rnet.receive "a_to_b" at 0 : tensor<?x2xf32>
  %d = rnet.dense %x where %p units 4 weight @w bias @b : tensor<?x2xf32> -> tensor<?x4xf32>
  %r = rnet.relu %d where %p : tensor<?x4xf32> -> tensor<?x4xf32>
  rnet.send %r where %p at 0 : tensor<?x4xf32>
}
