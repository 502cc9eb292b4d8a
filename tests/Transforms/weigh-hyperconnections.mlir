// A weight is a factor before the receiver's mux; a weight of 1 is nothing at all.
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-weigh-hyperconnections))' | FileCheck %s

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // CHECK-NOT: weight
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" weight 1.0 : tensor<?x2xf32> -> tensor<?x2xf32>
  %ab2 = rnet.hyperconnection "a_to_b_2" skip %a to "b" weight 0.25 : tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK: ^bb0(%[[ONE:.*]]: tensor<?x2xf32>, %[[QUARTER:.*]]: tensor<?x2xf32>):
  // CHECK-NEXT: %[[S:.*]] = rnet.scale %[[QUARTER]] by 2.500000e-01
  // CHECK-NEXT: rnet.mux(%[[ONE]], %[[S]])
  %b = rnet.node "b"(%ab, %ab2) {
  ^bb0(%0: tensor<?x2xf32>, %1: tensor<?x2xf32>):
    %m = rnet.mux(%0, %1) by sum : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
    rnet.yield %m : tensor<?x2xf32>
  } : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
}
