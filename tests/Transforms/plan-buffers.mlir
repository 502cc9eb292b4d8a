// Places are shared by values that are never alive together, and by no others.
// RUN: %rnet-opt %s -split-input-file -pass-pipeline='builtin.module(rnet.program(rnet-plan-buffers))' | FileCheck %s

// A chain needs two places, whatever its length; the last value is computed in the output.
// CHECK-LABEL: rnet.program @Chain {{.*}} arena <columns = 32, masks = 0>
rnet.program @Chain infer "b" of @n in ["a_to_b"] out [["b_to_c"]] {
  %x, %p = rnet.receive "a_to_b" at 0 : tensor<?x10xf32>
  // CHECK: rnet.relu {{.*}}rnet.place = array<i64: 0>
  %0 = rnet.relu %x where %p : tensor<?x10xf32> -> tensor<?x10xf32>
  // CHECK: rnet.relu {{.*}}rnet.place = array<i64: 16>
  %1 = rnet.relu %0 where %p : tensor<?x10xf32> -> tensor<?x10xf32>
  // CHECK: rnet.relu {{.*}}rnet.place = array<i64: 0>
  %2 = rnet.relu %1 where %p : tensor<?x10xf32> -> tensor<?x10xf32>
  // CHECK: rnet.relu {{.*}}rnet.place = array<i64: -1>, rnet.sent_at = 0
  %3 = rnet.relu %2 where %p : tensor<?x10xf32> -> tensor<?x10xf32>
  rnet.send %3 where %p at 0 : tensor<?x10xf32>
}

// -----

// In training, what is sent stays to the end, and so does what the way back still needs.
// CHECK-LABEL: rnet.program @Trained {{.*}} arena <columns = 64, masks = 0>
rnet.program @Trained train "b" of @n in ["a_to_b"] out [["b_to_c"]] {
  %x, %p = rnet.receive "a_to_b" at 0 : tensor<?x10xf32>
  // CHECK: rnet.relu {{.*}}rnet.place = array<i64: 0>
  %0 = rnet.relu %x where %p : tensor<?x10xf32> -> tensor<?x10xf32>
  // CHECK: rnet.relu {{.*}}rnet.place = array<i64: 16>
  %1 = rnet.relu %0 where %p : tensor<?x10xf32> -> tensor<?x10xf32>
  rnet.send %1 where %p at 0 : tensor<?x10xf32>
  rnet.reverse() : () -> ()
  %g, %pg = rnet.receive_gradient "b_to_c" at 0 : tensor<?x10xf32>
  // CHECK: rnet.activation_adjoint relu {{.*}}rnet.place = array<i64: 32>
  %g1 = rnet.activation_adjoint relu %1, %g where %pg : tensor<?x10xf32>, tensor<?x10xf32> -> tensor<?x10xf32>
  // CHECK: rnet.activation_adjoint relu {{.*}}rnet.place = array<i64: 48>
  %g0 = rnet.activation_adjoint relu %0, %g1 where %pg : tensor<?x10xf32>, tensor<?x10xf32> -> tensor<?x10xf32>
}
