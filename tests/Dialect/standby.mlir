// A skip on standby prints as it is parsed; a simple hyperconnection cannot be.
// RUN: %rnet-opt %s --split-input-file --verify-diagnostics
// RUN: not %rnet-opt %s --split-input-file 2>/dev/null | FileCheck %s

// CHECK: rnet.hyperconnection "a_to_c" skip %{{.*}} to "c" weight 5.000000e-01 as bf16 standby :
rnet.network @standby {
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

// -----

rnet.network @simple {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // expected-error @+1 {{is simple: only a skip can be on standby}}
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" standby : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %b : tensor<?x2xf32>
}
