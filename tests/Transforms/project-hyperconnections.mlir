// A projection runs where fewer bytes travel, and never lets a private input out.
// RUN: %rnet-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(rnet.network(rnet-project-hyperconnections))' | FileCheck %s

// 2 elements are fewer than 4: at the receiver.
// CHECK-LABEL: rnet.network @widening
rnet.network @widening {
  rnet.parameter @p.weight init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @p.bias init zeros : tensor<4xf32>
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // CHECK: rnet.hyperconnection "a_to_c" skip %{{.*}} to "c" : tensor<?x2xf32> -> tensor<?x2xf32>
  %ac = rnet.hyperconnection "a_to_c" skip %a to "c" project {
  ^bb0(%in: tensor<?x2xf32>):
    %p = rnet.dense %in units 4 weight @p.weight bias @p.bias : tensor<?x2xf32> -> tensor<?x4xf32>
    rnet.yield %p : tensor<?x4xf32>
  } : tensor<?x2xf32> -> tensor<?x4xf32>
  // CHECK: rnet.node "c"
  // CHECK-NEXT: ^bb0(%[[IN:.*]]: tensor<?x2xf32>):
  // CHECK-NEXT: %[[P:.*]] = rnet.dense %[[IN]]
  // CHECK-NEXT: rnet.mux(%[[P]])
  %c = rnet.node "c"(%ac) {
  ^bb0(%0: tensor<?x4xf32>):
    %m = rnet.mux(%0) : (tensor<?x4xf32>) -> tensor<?x4xf32>
    rnet.yield %m : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
}

// -----

// 8 elements become 4: at the sender, as a second result.
// CHECK-LABEL: rnet.network @narrowing
rnet.network @narrowing {
  rnet.parameter @p.weight init glorot_uniform : tensor<4x8xf32>
  rnet.parameter @p.bias init zeros : tensor<4xf32>
  %x = rnet.input "x" at "a" : tensor<?x8xf32>
  // CHECK: %[[A:.*]]:2 = rnet.node "a"
  // CHECK: %[[P:.*]] = rnet.dense
  // CHECK: rnet.yield %{{.*}}, %[[P]] : tensor<?x8xf32>, tensor<?x4xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x8xf32>):
    rnet.yield %in : tensor<?x8xf32>
  } : (tensor<?x8xf32>) -> tensor<?x8xf32>
  // CHECK: rnet.hyperconnection "a_to_c" skip %[[A]]#1 to "c" : tensor<?x4xf32> -> tensor<?x4xf32>
  %ac = rnet.hyperconnection "a_to_c" skip %a to "c" project {
  ^bb0(%in: tensor<?x8xf32>):
    %p = rnet.dense %in units 4 weight @p.weight bias @p.bias : tensor<?x8xf32> -> tensor<?x4xf32>
    rnet.yield %p : tensor<?x4xf32>
  } : tensor<?x8xf32> -> tensor<?x4xf32>
  %c = rnet.node "c"(%ac) {
  ^bb0(%0: tensor<?x4xf32>):
    %m = rnet.mux(%0) : (tensor<?x4xf32>) -> tensor<?x4xf32>
    rnet.yield %m : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
}

// -----

// Private: at the sender, though that sends more.
// CHECK-LABEL: rnet.network @hidden
rnet.network @hidden {
  rnet.parameter @p.weight init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @p.bias init zeros : tensor<4xf32>
  %x = rnet.input "x" at "a" private : tensor<?x2xf32>
  // CHECK: rnet.node "a"
  // CHECK: rnet.dense
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %ac = rnet.hyperconnection "a_to_c" skip %a to "c" project {
  ^bb0(%in: tensor<?x2xf32>):
    %p = rnet.dense %in units 4 weight @p.weight bias @p.bias : tensor<?x2xf32> -> tensor<?x4xf32>
    rnet.yield %p : tensor<?x4xf32>
  } : tensor<?x2xf32> -> tensor<?x4xf32>
  %c = rnet.node "c"(%ac) {
  ^bb0(%0: tensor<?x4xf32>):
    rnet.yield %0 : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
}

// -----

// Normalisation does not hide a private input.
rnet.network @leak {
  rnet.parameter @x.mean init zeros frozen : tensor<2xf32>
  rnet.parameter @x.deviation init ones frozen : tensor<2xf32>
  // expected-note @below {{'x' is declared private here}}
  %x = rnet.input "x" at "a" private : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    %n = rnet.normalize %in mean @x.mean deviation @x.deviation : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %n : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // expected-error @below {{private input 'x' would leave 'a' raw; put a layer with weights on the node or into a projection [private-input]}}
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%0: tensor<?x2xf32>):
    rnet.yield %0 : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
}

// -----

// Nor do factors of each element, learned or not.
rnet.network @factors {
  rnet.parameter @gamma init ones : tensor<2xf32>
  rnet.parameter @beta init zeros : tensor<2xf32>
  rnet.parameter @mean init zeros frozen : tensor<2xf32>
  rnet.parameter @variance init ones frozen : tensor<2xf32>
  rnet.parameter @factor init ones : tensor<1xf32>
  // expected-note @below {{'x' is declared private here}}
  %x = rnet.input "x" at "a" private : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    %n = rnet.batch_norm %in gamma @gamma beta @beta mean @mean variance @variance epsilon 1.0e-3 momentum 0.99 : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %n : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // expected-error @below {{private input 'x' would leave 'a' raw}}
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" project {
  ^bb0(%0: tensor<?x2xf32>):
    %s = rnet.learned_scale %0 factor @factor : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %s : tensor<?x2xf32>
  } : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%0: tensor<?x2xf32>):
    rnet.yield %0 : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
}
