// An activation goes into the layer before it, unless that value is used elsewhere or the program trains. Before
// differentiation it does where the layer's adjoint takes it over.
// RUN: %rnet-opt %s -split-input-file -pass-pipeline='builtin.module(rnet.program(rnet-fuse-activations),rnet.network(rnet-fuse-activations))' | FileCheck %s

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

// -----

// Gelu's derivative needs its operand; a dense layer's adjoint knows of no activation.
// CHECK-LABEL: rnet.network @Differentiable
// CHECK: rnet.batch_norm {{.*}} then relu6 :
// CHECK-NEXT: rnet.batch_norm
// CHECK-NOT: then
// CHECK: rnet.gelu
// CHECK: rnet.dense
// CHECK-NOT: then
// CHECK: rnet.relu
rnet.network @Differentiable {
  rnet.parameter @w init glorot_uniform : tensor<4x4xf32>
  rnet.parameter @g init ones : tensor<4xf32>
  rnet.parameter @b init zeros : tensor<4xf32>
  rnet.parameter @m init zeros frozen : tensor<4xf32>
  rnet.parameter @v init ones frozen : tensor<4xf32>
  %x = rnet.input "x" at "a" : tensor<?x4xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4xf32>):
    %n = rnet.batch_norm %in gamma @g beta @b mean @m variance @v epsilon 1.0e-3 momentum 0.99 : tensor<?x4xf32> -> tensor<?x4xf32>
    %r = rnet.relu6 %n : tensor<?x4xf32> -> tensor<?x4xf32>
    %n2 = rnet.batch_norm %r gamma @g beta @b mean @m variance @v epsilon 1.0e-3 momentum 0.99 : tensor<?x4xf32> -> tensor<?x4xf32>
    %r2 = rnet.gelu %n2 : tensor<?x4xf32> -> tensor<?x4xf32>
    %d = rnet.dense %r2 units 4 weight @w bias @b : tensor<?x4xf32> -> tensor<?x4xf32>
    %r3 = rnet.relu %d : tensor<?x4xf32> -> tensor<?x4xf32>
    rnet.yield %r3 : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
  rnet.output "y" %a : tensor<?x4xf32>
}
