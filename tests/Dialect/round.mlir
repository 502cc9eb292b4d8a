// Rounding to an element type; twice is once, but not to another type or by another scale.
// RUN: %rnet-opt %s --canonicalize | %rnet-opt | FileCheck %s

rnet.network @n {
  rnet.parameter @s.scale init ones frozen : tensor<1xf32>
  rnet.parameter @t.scale init ones frozen : tensor<1xf32>
  %x = rnet.input "x" at "a" : tensor<?x4xf32>
  // CHECK: rnet.node "a"
  // CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<?x4xf32>):
  %a:3 = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4xf32>):
    // CHECK-NEXT: %[[B:.*]] = rnet.round %[[X]] to bf16 : tensor<?x4xf32> -> tensor<?x4xf32>
    %b = rnet.round %in to bf16 : tensor<?x4xf32> -> tensor<?x4xf32>
    %bb = rnet.round %b to bf16 : tensor<?x4xf32> -> tensor<?x4xf32>
    // CHECK-NEXT: %[[S:.*]] = rnet.round %[[B]] to int8 scale @s.scale : tensor<?x4xf32> -> tensor<?x4xf32>
    %s = rnet.round %bb to int8 scale @s.scale : tensor<?x4xf32> -> tensor<?x4xf32>
    %ss = rnet.round %s to int8 scale @s.scale : tensor<?x4xf32> -> tensor<?x4xf32>
    // CHECK-NEXT: %[[T:.*]] = rnet.round %[[S]] to int8 scale @t.scale : tensor<?x4xf32> -> tensor<?x4xf32>
    %t = rnet.round %ss to int8 scale @t.scale : tensor<?x4xf32> -> tensor<?x4xf32>
    // CHECK-NEXT: rnet.yield %[[B]], %[[S]], %[[T]]
    rnet.yield %bb, %ss, %t : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>)
  // CHECK: rnet.hyperconnection "a_to_b" simple %{{.*}} to "b" weight 5.000000e-01 as bf16 : tensor<?x4xf32> -> tensor<?x4xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" weight 0.5 as bf16 : tensor<?x4xf32> -> tensor<?x4xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x4xf32>):
    rnet.yield %in : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
}
