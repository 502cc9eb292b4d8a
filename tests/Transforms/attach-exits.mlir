// The layers of an exit go into its node, behind its own; what it answers is a result of the node.
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-attach-exits))' | FileCheck %s
rnet.network @n {
  rnet.parameter @a.exit.dense1.weight init glorot_uniform : tensor<3x2xf32>
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  // CHECK: %[[A:.*]]:2 = rnet.node "a"(%{{.*}}) failout 1.000000e-01 {
  // CHECK-NEXT: ^bb0
  // CHECK-NEXT: %[[R:.*]] = rnet.relu
  // CHECK-NEXT: %[[D:.*]] = rnet.dense %[[R]]
  // CHECK-NEXT: %[[P:.*]] = rnet.softmax %[[D]]
  // CHECK-NEXT: rnet.yield %[[R]], %[[P]] : tensor<?x2xf32>, tensor<?x3xf32>
  %a = rnet.node "a"(%x) failout 0.1 {
  ^bb0(%in: tensor<?x2xf32>):
    %r = rnet.relu %in : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %r : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // CHECK: rnet.hyperconnection "a_to_b" simple %[[A]]#0 to "b"
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %b : tensor<?x2xf32>
  // CHECK: rnet.exit "y" %[[A]]#1 : tensor<?x3xf32>
  rnet.exit "y" %a head {
  ^bb0(%in: tensor<?x2xf32>):
    %d = rnet.dense %in units 3 weight @a.exit.dense1.weight : tensor<?x2xf32> -> tensor<?x3xf32>
    %p = rnet.softmax %d : tensor<?x3xf32> -> tensor<?x3xf32>
    rnet.yield %p : tensor<?x3xf32>
  } : tensor<?x2xf32>
}
