// Each node gets its backward program: last layer first, parameter gradients, gradients only for senders that learn.
// RUN: %rnet-opt %s -split-input-file -pass-pipeline='builtin.module(rnet.network(rnet-differentiate))' | FileCheck %s

rnet.network @n {
  rnet.parameter @b.dense1.weight init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @b.dense1.bias init zeros : tensor<4xf32>
  rnet.parameter @c.dense1.weight init glorot_uniform : tensor<4x4xf32>
  rnet.parameter @c.dense1.bias init zeros : tensor<4xf32>
  rnet.parameter @a_to_c.projection.weight init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @a_to_c.projection.bias init zeros : tensor<4xf32>
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  // Nothing upstream learns: nothing comes back, nothing is handed back.
  // CHECK: rnet.node "a"
  // CHECK: rnet.reverse() : () -> ()
  // CHECK-NEXT: rnet.yield %{{.*}} : tensor<?x2xf32>{{$}}
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK: rnet.node "b"
  // CHECK: %[[M:.*]] = rnet.failout
  // CHECK: %[[Y:.*]] = rnet.relu
  // CHECK-NEXT: %[[G:.*]] = rnet.reverse(%[[Y]])
  // CHECK-NEXT: %[[GD:.*]] = rnet.activation_adjoint relu %[[Y]], %[[G]]
  // CHECK-NEXT: rnet.dense_adjoint_parameters %[[M]], %[[GD]] weight @b.dense1.weight bias @b.dense1.bias
  // CHECK-NEXT: rnet.yield %[[Y]] : tensor<?x4xf32>{{$}}
  %b = rnet.node "b"(%ab) failout 0.1 {
  ^bb0(%in: tensor<?x2xf32>):
    %m = rnet.mux(%in) by sum : (tensor<?x2xf32>) -> tensor<?x2xf32>
    %f = rnet.failout %m : tensor<?x2xf32>
    %d = rnet.dense %f units 4 weight @b.dense1.weight bias @b.dense1.bias : tensor<?x2xf32> -> tensor<?x4xf32>
    %r = rnet.relu %d : tensor<?x4xf32> -> tensor<?x4xf32>
    rnet.yield %r : tensor<?x4xf32>
  } : (tensor<?x2xf32>) -> tensor<?x4xf32>
  %bc = rnet.hyperconnection "b_to_c" simple %b to "c" : tensor<?x4xf32> -> tensor<?x4xf32>
  %ac = rnet.hyperconnection "a_to_c" skip %a to "c" : tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK: rnet.node "c"
  // CHECK: ^bb0(%[[B:.*]]: tensor<?x4xf32>, %[[A:.*]]: tensor<?x2xf32>):
  // CHECK: %[[MUX:.*]] = rnet.mux
  // CHECK: %[[P:.*]] = rnet.softmax_cross_entropy
  // CHECK-NEXT: rnet.reverse() : () -> ()
  // CHECK-NEXT: %[[GL:.*]] = rnet.softmax_cross_entropy_adjoint %[[P]]
  // CHECK-NEXT: rnet.dense_adjoint_parameters %[[MUX]], %[[GL]]
  // CHECK-NEXT: %[[GM:.*]] = rnet.dense_adjoint_input %[[GL]] weight @c.dense1.weight
  // CHECK-NEXT: %[[G0:.*]] = rnet.mux_adjoint %[[GM]] of %[[MUX]] input 0
  // CHECK-NEXT: %[[G1:.*]] = rnet.mux_adjoint %[[GM]] of %[[MUX]] input 1
  // CHECK-NEXT: %[[GS:.*]] = rnet.scale %[[G1]] by 5.000000e-01
  // CHECK-NEXT: rnet.dense_adjoint_parameters %[[A]], %[[GS]] weight @a_to_c.projection.weight
  // CHECK-NEXT: rnet.yield %[[P]] : tensor<?x4xf32> gradients %[[G0]] : tensor<?x4xf32> of [0]
  %c = rnet.node "c"(%bc, %ac) {
  ^bb0(%0: tensor<?x4xf32>, %1: tensor<?x2xf32>):
    %p = rnet.dense %1 units 4 weight @a_to_c.projection.weight bias @a_to_c.projection.bias : tensor<?x2xf32> -> tensor<?x4xf32>
    %s = rnet.scale %p by 0.5 : tensor<?x4xf32> -> tensor<?x4xf32>
    %m = rnet.mux(%0, %s) by sum : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
    %d = rnet.dense %m units 4 weight @c.dense1.weight bias @c.dense1.bias : tensor<?x4xf32> -> tensor<?x4xf32>
    %l = rnet.softmax_cross_entropy %d : tensor<?x4xf32> -> tensor<?x4xf32>
    rnet.yield %l : tensor<?x4xf32>
  } : (tensor<?x4xf32>, tensor<?x2xf32>) -> tensor<?x4xf32>
  rnet.output "y" %c : tensor<?x4xf32>
}

// -----

// The adjoint of a batch normalisation takes the activation that was fused into it.
// CHECK-LABEL: rnet.network @fused
// CHECK: ^bb0(%[[X:.*]]: tensor<?x4xf32>):
// CHECK: %[[P:.*]] = rnet.softmax_cross_entropy
// CHECK: %[[G:.*]] = rnet.softmax_cross_entropy_adjoint %[[P]]
// CHECK-NEXT: rnet.batch_norm_adjoint_parameters %[[X]], %[[G]] gamma @g beta @b {{.*}} then relu6 :
rnet.network @fused {
  rnet.parameter @g init ones : tensor<4xf32>
  rnet.parameter @b init zeros : tensor<4xf32>
  rnet.parameter @m init zeros frozen : tensor<4xf32>
  rnet.parameter @v init ones frozen : tensor<4xf32>
  %x = rnet.input "x" at "a" : tensor<?x4xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4xf32>):
    %n = rnet.batch_norm %in gamma @g beta @b mean @m variance @v epsilon 1.0e-3 momentum 0.99 then relu6 : tensor<?x4xf32> -> tensor<?x4xf32>
    %l = rnet.softmax_cross_entropy %n : tensor<?x4xf32> -> tensor<?x4xf32>
    rnet.yield %l : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
  rnet.output "y" %a : tensor<?x4xf32>
}

// -----

// A learned factor is its own adjoint; its gradient needs what it was applied to.
// CHECK-LABEL: rnet.network @learned
// CHECK: rnet.node "b"
// CHECK: ^bb0(%[[X:.*]]: tensor<?x4xf32>):
// CHECK: %[[P:.*]] = rnet.softmax_cross_entropy
// CHECK: %[[G:.*]] = rnet.softmax_cross_entropy_adjoint %[[P]]
// CHECK-NEXT: rnet.learned_scale_adjoint_parameters %[[X]], %[[G]] factor @f : tensor<?x4xf32>, tensor<?x4xf32>
// CHECK-NEXT: %[[GX:.*]] = rnet.learned_scale %[[G]] factor @f
// CHECK-NEXT: rnet.yield %[[P]] : tensor<?x4xf32> gradients %[[GX]] : tensor<?x4xf32> of [0]
rnet.network @learned {
  rnet.parameter @e init ones : tensor<1xf32>
  rnet.parameter @f init ones : tensor<1xf32>
  %x = rnet.input "x" at "a" : tensor<?x4xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4xf32>):
    %e = rnet.learned_scale %in factor @e : tensor<?x4xf32> -> tensor<?x4xf32>
    rnet.yield %e : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x4xf32> -> tensor<?x4xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x4xf32>):
    %s = rnet.learned_scale %in factor @f : tensor<?x4xf32> -> tensor<?x4xf32>
    %l = rnet.softmax_cross_entropy %s : tensor<?x4xf32> -> tensor<?x4xf32>
    rnet.yield %l : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
  rnet.output "y" %b : tensor<?x4xf32>
}
