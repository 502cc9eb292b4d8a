// Averages on their way through the passes: only resilinet has them; their shape is the mux's; they count where what they are of is
// missing beside something else; their mux's other inputs have the gradients that they would have without.
// RUN: %rnet-opt %s -split-input-file -pass-pipeline='builtin.module(rnet.network(rnet-select-scheme{scheme=resilinet},rnet-infer-shapes))' | FileCheck %s --check-prefix=KEPT
// RUN: %rnet-opt %s -split-input-file -pass-pipeline='builtin.module(rnet.network(rnet-select-scheme{scheme=resilinet+}))' | FileCheck %s --check-prefix=STRIPPED
// RUN: %rnet-opt %s -split-input-file -pass-pipeline='builtin.module(rnet.network(rnet-select-scheme{scheme=vanilla}))' | FileCheck %s --check-prefix=STRIPPED
// RUN: %rnet-opt %s -split-input-file -pass-pipeline='builtin.module(rnet.network(rnet-select-scheme{scheme=resilinet},rnet-infer-shapes,rnet-differentiate),rnet-partition-by-node{role=train},rnet.program(rnet-insert-routing))' | FileCheck %s --check-prefix=ROUTED

// KEPT: rnet.parameter @b_to_d.average init zeros frozen : tensor<4xf32>
// STRIPPED-NOT: average
// ROUTED: rnet.program @DTrainer
// ROUTED: rnet.parameter @b_to_d.average
// ROUTED: %[[T:.*]]:3 = rnet.failover
// ROUTED: %[[W:.*]] = rnet.missing(%[[T]]#0, %[[T]]#2) beside(%[[T]]#1)
// ROUTED-NEXT: %[[A:.*]] = rnet.average where %[[W]] of @b_to_d.average : tensor<?x4xf32>
// ROUTED-NEXT: rnet.join(%[[B:.*]], %[[C:.*]], %[[S:.*]], %[[A]]) where(%[[T]]#0, %[[T]]#1, %[[T]]#2, %[[W]])
// ROUTED-NOT: average
rnet.network @n {
  rnet.parameter @b_to_d.average init zeros frozen : tensor<*xf32>
  rnet.parameter @b.dense1.weight init glorot_uniform : tensor<*xf32>
  rnet.parameter @d.dense1.weight init glorot_uniform : tensor<*xf32>
  %x = rnet.input "x" at "a" : tensor<?x4xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4xf32>):
    rnet.yield %in : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x4xf32> -> tensor<?x4xf32>
  %ac = rnet.hyperconnection "a_to_c" simple %a to "c" : tensor<?x4xf32> -> tensor<?x4xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x4xf32>):
    %y = rnet.dense %in units 4 weight @b.dense1.weight : tensor<?x4xf32> -> tensor<?x4xf32>
    rnet.yield %y : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %c = rnet.node "c"(%ac) {
  ^bb0(%in: tensor<?x4xf32>):
    rnet.yield %in : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %bd = rnet.hyperconnection "b_to_d" simple %b to "d" : tensor<?x4xf32> -> tensor<?x4xf32>
  %cd = rnet.hyperconnection "c_to_d" simple %c to "d" : tensor<?x4xf32> -> tensor<?x4xf32>
  %ad = rnet.hyperconnection "a_to_d" skip %a to "d" : tensor<?x4xf32> -> tensor<?x4xf32>
  %d = rnet.node "d"(%bd, %cd, %ad) {
  ^bb0(%0: tensor<?x4xf32>, %1: tensor<?x4xf32>, %2: tensor<?x4xf32>):
    // KEPT: %[[A:.*]] = rnet.average of @b_to_d.average : tensor<?x4xf32>
    // KEPT-NEXT: rnet.mux(%{{.*}}, %{{.*}}, %{{.*}}, %[[A]]) averages [0] by failover
    %v = rnet.average of @b_to_d.average : tensor<*xf32>
    %m = rnet.mux(%0, %1, %2, %v) averages [0] stand_ins [#rnet.stand_in<members = [2], stands_for = [0], bypassed = 1>] : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<*xf32>) -> tensor<*xf32>
    %y = rnet.dense %m units 4 weight @d.dense1.weight : tensor<*xf32> -> tensor<*xf32>
    rnet.yield %y : tensor<*xf32>
  } : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<*xf32>
}
