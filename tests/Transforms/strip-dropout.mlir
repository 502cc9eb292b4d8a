// Inference programs have no dropout; training programs keep theirs.
// RUN: %rnet-opt %s --rnet-strip-dropout | FileCheck %s

// CHECK: rnet.program @A infer
rnet.program @A infer "a" of @n in ["x"] out [["a_to_b"]] {
^bb0(%x: tensor<?x4xf32>):
  // CHECK-NOT: rnet.dropout
  %d = rnet.dropout %x rate 0.5 number 0 : tensor<?x4xf32> -> tensor<?x4xf32>
  // CHECK: rnet.relu %{{.*}} : tensor<?x4xf32>
  %y = rnet.relu %d : tensor<?x4xf32> -> tensor<?x4xf32>
  rnet.yield %y : tensor<?x4xf32>
}
// CHECK: rnet.program @ATrainer train
rnet.program @ATrainer train "a" of @n in ["x"] out [["a_to_b"]] {
^bb0(%x: tensor<?x4xf32>):
  // CHECK: rnet.dropout
  %d = rnet.dropout %x rate 0.5 number 0 : tensor<?x4xf32> -> tensor<?x4xf32>
  rnet.yield %d : tensor<?x4xf32>
}
