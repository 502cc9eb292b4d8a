// A skip on standby needs a mux that does without it: under schemes that add all inputs it is refused.
// RUN: not %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-select-scheme{scheme=dfg}))' 2>&1 | FileCheck %s --check-prefix=SUM -DSCHEME=dfg
// RUN: not %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-select-scheme{scheme=resilinet+}))' 2>&1 | FileCheck %s --check-prefix=SUM -DSCHEME=resilinet+
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-select-scheme{scheme=resilinet}))' | FileCheck %s
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-select-scheme{scheme=vanilla}))' | FileCheck %s --check-prefix=VANILLA
// SUM: error: 'a_to_c' is on standby, but under scheme [[SCHEME]] 'c' adds all inputs that are present, at all times; resilinet takes a skip only where it must [bad-standby]
// CHECK: rnet.hyperconnection "a_to_c" skip %{{.*}} to "c" weight 5.000000e-01 as bf16 standby :
// VANILLA-NOT: standby
rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %bc = rnet.hyperconnection "b_to_c" simple %b to "c" : tensor<?x2xf32> -> tensor<?x2xf32>
  %ac = rnet.hyperconnection "a_to_c" skip %a to "c" weight 0.5 as bf16 standby : tensor<?x2xf32> -> tensor<?x2xf32>
  %c = rnet.node "c"(%bc, %ac) {
  ^bb0(%0: tensor<?x2xf32>, %1: tensor<?x2xf32>):
    %m = rnet.mux(%0, %1) stand_ins [#rnet.stand_in<members = [1], stands_for = [0], bypassed = 1>] : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
    rnet.yield %m : tensor<?x2xf32>
  } : (tensor<?x2xf32>, tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %c : tensor<?x2xf32>
}
