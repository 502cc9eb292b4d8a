// Training sees values as they were; rounding that was not stripped has no adjoint.
// RUN: split-file %s %t
// RUN: %rnet-opt %t/n.mlir -pass-pipeline='builtin.module(rnet.network(rnet-strip-rounding))' | FileCheck %s
// RUN: not %rnet-opt %t/n.mlir -pass-pipeline='builtin.module(rnet.network(rnet-differentiate))' 2>&1 | FileCheck %s --check-prefix=LEFT
// LEFT: 'rnet.round' op has no adjoint

//--- n.mlir
rnet.network @n {
  rnet.parameter @a.factor init ones : tensor<1xf32>
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    %s = rnet.learned_scale %in factor @a.factor : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %s : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" as bf16 : tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK: rnet.node "b"
  // CHECK-NEXT: ^bb0(%[[IN:.*]]: tensor<?x2xf32>):
  // CHECK-NEXT: rnet.mux(%[[IN]]) by sum
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    %r = rnet.round %in to bf16 : tensor<?x2xf32> -> tensor<?x2xf32>
    %m = rnet.mux(%r) by sum : (tensor<?x2xf32>) -> tensor<?x2xf32>
    %p = rnet.softmax_cross_entropy %m : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %p : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
}
