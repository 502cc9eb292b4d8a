// What each scheme keeps: skips, exits, failout, failover.
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-select-scheme{scheme=vanilla}))' | FileCheck %s --check-prefix=VANILLA
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-select-scheme{scheme=dfg}))' | FileCheck %s --check-prefix=DFG
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-select-scheme{scheme=resilinet}))' | FileCheck %s --check-prefix=RESILINET
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-select-scheme{scheme=resilinet+}))' | FileCheck %s --check-prefix=PLUS

// VANILLA: rnet.network @n scheme vanilla
// DFG: rnet.network @n scheme dfg
// RESILINET: rnet.network @n scheme resilinet {
// PLUS: rnet.network @n scheme resilinet_plus
rnet.network @n {
  // VANILLA-NOT: a_to_c.projection
  // DFG: rnet.parameter @a_to_c.projection.weight
  rnet.parameter @a_to_c.projection.weight init glorot_uniform : tensor<*xf32>
  rnet.parameter @a_to_c.projection.bias init zeros : tensor<*xf32>
  // VANILLA-NOT: b.exit
  // DFG: rnet.parameter @b.exit.scale1.factor
  rnet.parameter @b.exit.scale1.factor init ones : tensor<*xf32>
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  // VANILLA: rnet.node "b"(%{{.*}}) failout 0.000000e+00 {
  // DFG: rnet.node "b"(%{{.*}}) failout 0.000000e+00 {
  // RESILINET: rnet.node "b"(%{{.*}}) failout 1.000000e-01
  // PLUS: rnet.node "b"(%{{.*}}) failout 1.000000e-01
  %b = rnet.node "b"(%ab) failout 0.1 {
  ^bb0(%in: tensor<?x2xf32>):
    // A mux in which nothing stands in needs no failover.
    // RESILINET: rnet.mux(%{{.*}}) by sum
    %m = rnet.mux(%in) : (tensor<?x2xf32>) -> tensor<?x2xf32>
    rnet.yield %m : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // VANILLA: rnet.hyperconnection "b_to_c"
  %bc = rnet.hyperconnection "b_to_c" simple %b to "c" : tensor<?x2xf32> -> tensor<?x2xf32>
  // VANILLA-NOT: skip
  // DFG: rnet.hyperconnection "a_to_c" skip
  %ac = rnet.hyperconnection "a_to_c" skip %a to "c" project {
  ^bb0(%in: tensor<?x2xf32>):
    %p = rnet.dense %in units 2 weight @a_to_c.projection.weight bias @a_to_c.projection.bias : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %p : tensor<?x2xf32>
  } : tensor<?x2xf32> -> tensor<?x2xf32>
  // VANILLA: rnet.node "c"(%{{[0-9a-z]*}})
  %c = rnet.node "c"(%bc, %ac) {
  ^bb0(%0: tensor<?x2xf32>, %1: tensor<?x2xf32>):
    // VANILLA: rnet.mux(%{{[0-9a-z]*}}) by sum :
    // DFG: rnet.mux(%{{.*}}, %{{.*}}) by sum :
    // RESILINET: rnet.mux(%{{.*}}, %{{.*}}) by failover stand_ins [#rnet.stand_in<members = [1], stands_for = [0], bypassed = 1>]
    // PLUS: rnet.mux(%{{.*}}, %{{.*}}) by sum :
    %m = rnet.mux(%0, %1) stand_ins [#rnet.stand_in<members = [1], stands_for = [0], bypassed = 1>] : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
    rnet.yield %m : tensor<?x2xf32>
  } : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %c : tensor<?x2xf32>
  // VANILLA-NOT: rnet.exit
  // DFG: rnet.exit "y"
  // RESILINET: rnet.exit "y"
  // PLUS: rnet.exit "y"
  rnet.exit "y" %b head {
  ^bb0(%in: tensor<?x2xf32>):
    %s = rnet.learned_scale %in factor @b.exit.scale1.factor : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %s : tensor<?x2xf32>
  } : tensor<?x2xf32>
}
