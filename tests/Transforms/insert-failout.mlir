// Failout stands behind the mux of a node that may fail, and nowhere else.
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-insert-failout))' | FileCheck %s

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  // CHECK: rnet.node "a"
  // CHECK-NOT: rnet.failout
  // CHECK: rnet.node "b"
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) failout 0.1 {
  ^bb0(%in: tensor<?x2xf32>):
    // CHECK: %[[M:.*]] = rnet.mux
    // CHECK-NEXT: %[[F:.*]] = rnet.failout %[[M]] : tensor<?x2xf32>
    // CHECK-NEXT: rnet.relu %[[F]]
    %m = rnet.mux(%in) by sum : (tensor<?x2xf32>) -> tensor<?x2xf32>
    %r = rnet.relu %m : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %r : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
}
