// What travels in narrow elements is rounded before all that takes it, layers of a projection at the receiver included. int8 has a scale.
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-round-hyperconnections))' | FileCheck %s

// CHECK: rnet.parameter @b.dense1.weight
// CHECK-NEXT: rnet.parameter @a_to_c.scale init ones frozen : tensor<1xf32>
// CHECK-NEXT: rnet.input
rnet.network @n {
  rnet.parameter @b.dense1.weight init glorot_uniform : tensor<4x2xf32>
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  // What leaves a node is as it was.
  // CHECK: rnet.node "a"
  // CHECK-NOT: rnet.round
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" as bf16 : tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK: rnet.node "b"
  // CHECK-NEXT: ^bb0(%[[IN:.*]]: tensor<?x2xf32>):
  // CHECK-NEXT: %[[R:.*]] = rnet.round %[[IN]] to bf16 : tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK-NEXT: rnet.dense %[[R]]
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    %d = rnet.dense %in units 4 weight @b.dense1.weight : tensor<?x2xf32> -> tensor<?x4xf32>
    %m = rnet.mux(%d) by sum : (tensor<?x4xf32>) -> tensor<?x4xf32>
    rnet.yield %m : tensor<?x4xf32>
  } : (tensor<?x2xf32>) -> tensor<?x4xf32>
  %bc = rnet.hyperconnection "b_to_c" simple %b to "c" : tensor<?x4xf32> -> tensor<?x4xf32>
  // CHECK: rnet.hyperconnection "a_to_c" {{.*}} as int8
  %ac = rnet.hyperconnection "a_to_c" skip %a to "c" as int8 : tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK: rnet.node "c"
  // CHECK-NEXT: ^bb0(%[[SIMPLE:.*]]: tensor<?x4xf32>, %[[SKIP:.*]]: tensor<?x2xf32>):
  // CHECK-NEXT: %[[R:.*]] = rnet.round %[[SKIP]] to int8 scale @a_to_c.scale : tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK-NEXT: %[[P:.*]] = rnet.dense %[[R]]
  // CHECK-NEXT: rnet.mux(%[[SIMPLE]], %[[P]])
  %c = rnet.node "c"(%bc, %ac) {
  ^bb0(%0: tensor<?x4xf32>, %1: tensor<?x2xf32>):
    %p = rnet.dense %1 units 4 weight @b.dense1.weight : tensor<?x2xf32> -> tensor<?x4xf32>
    %m = rnet.mux(%0, %p) by sum : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
    rnet.yield %m : tensor<?x4xf32>
  } : (tensor<?x4xf32>, tensor<?x2xf32>) -> tensor<?x4xf32>
}
