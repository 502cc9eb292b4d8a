// Layers with weights learn the element type of their node, those of int8 with a scale each; others, and those of other nodes, stay as they are.
// Training takes it back.
// RUN: split-file %s %t
// RUN: %rnet-opt %t/n.mlir -pass-pipeline='builtin.module(rnet.network(rnet-quantize-weights))' | FileCheck %s
// RUN: %rnet-opt %t/n.mlir -pass-pipeline='builtin.module(rnet.network(rnet-quantize-weights,rnet-strip-rounding))' | FileCheck %s --check-prefix=STRIPPED
// STRIPPED-NOT: quantized

// Sums of so many products of int8 might not fit 32 bits.
// RUN: %rnet-opt %t/wide.mlir -pass-pipeline='builtin.module(rnet.network(rnet-quantize-weights))' | FileCheck %s --check-prefix=WIDE
// WIDE-NOT: scale

//--- n.mlir
// CHECK: rnet.parameter @c.dense1.weight
// CHECK-NEXT: rnet.parameter @b.conv1.scale init ones frozen : tensor<1xf32>
// CHECK-NEXT: rnet.parameter @b.branch.dense1.scale init ones frozen : tensor<1xf32>
// CHECK-NEXT: rnet.input
rnet.network @n {
  rnet.parameter @a.dense1.weight init glorot_uniform : tensor<3x3xf32>
  rnet.parameter @b.conv1.weight init glorot_uniform : tensor<4x3x1x1xf32>
  rnet.parameter @b.depthwise_conv1.weight init glorot_uniform : tensor<4x1x1x1xf32>
  rnet.parameter @b.branch.dense1.weight init glorot_uniform : tensor<4x4xf32>
  rnet.parameter @c.dense1.weight init glorot_uniform : tensor<2x4xf32>
  %x = rnet.input "x" at "a" : tensor<?x1x1x3xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x1x1x3xf32>):
    // CHECK: rnet.dense %{{.*}} weight @a.dense1.weight :
    %d = rnet.dense %in units 3 weight @a.dense1.weight : tensor<?x1x1x3xf32> -> tensor<?x1x1x3xf32>
    rnet.yield %d : tensor<?x1x1x3xf32>
  } : (tensor<?x1x1x3xf32>) -> tensor<?x1x1x3xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x1x1x3xf32> -> tensor<?x1x1x3xf32>
  %b = rnet.node "b"(%ab) as int8 {
  ^bb0(%in: tensor<?x1x1x3xf32>):
    // CHECK: rnet.conv %{{.*}} weight @b.conv1.weight quantized <int8, @b.conv1.scale> :
    // CHECK-NEXT: rnet.depthwise_conv %{{.*}} weight @b.depthwise_conv1.weight :
    // CHECK-NEXT: rnet.relu
    // CHECK-NEXT: rnet.dense %{{.*}} weight @b.branch.dense1.weight quantized <int8, @b.branch.dense1.scale> :
    %c = rnet.conv %in filters 4 window <kernel = [1, 1], stride = [1, 1]> weight @b.conv1.weight : tensor<?x1x1x3xf32> -> tensor<?x1x1x4xf32>
    %w = rnet.depthwise_conv %c window <kernel = [1, 1], stride = [1, 1]> weight @b.depthwise_conv1.weight : tensor<?x1x1x4xf32> -> tensor<?x1x1x4xf32>
    %r = rnet.relu %w : tensor<?x1x1x4xf32> -> tensor<?x1x1x4xf32>
    %d = rnet.dense %r units 4 weight @b.branch.dense1.weight : tensor<?x1x1x4xf32> -> tensor<?x1x1x4xf32>
    rnet.yield %d : tensor<?x1x1x4xf32>
  } : (tensor<?x1x1x3xf32>) -> tensor<?x1x1x4xf32>
  %bc = rnet.hyperconnection "b_to_c" simple %b to "c" : tensor<?x1x1x4xf32> -> tensor<?x1x1x4xf32>
  %c = rnet.node "c"(%bc) as bf16 {
  ^bb0(%in: tensor<?x1x1x4xf32>):
    // CHECK: rnet.dense %{{.*}} weight @c.dense1.weight quantized <bf16> :
    %d = rnet.dense %in units 2 weight @c.dense1.weight : tensor<?x1x1x4xf32> -> tensor<?x1x1x2xf32>
    rnet.yield %d : tensor<?x1x1x2xf32>
  } : (tensor<?x1x1x4xf32>) -> tensor<?x1x1x2xf32>
}
//--- wide.mlir
rnet.network @n {
  rnet.parameter @a.dense1.weight init glorot_uniform : tensor<3x65537xf32>
  %x = rnet.input "x" at "a" : tensor<?x65537xf32>
  %a = rnet.node "a"(%x) as int8 {
  ^bb0(%in: tensor<?x65537xf32>):
    // WIDE: rnet.dense %{{.*}} weight @a.dense1.weight :
    %d = rnet.dense %in units 3 weight @a.dense1.weight : tensor<?x65537xf32> -> tensor<?x3xf32>
    rnet.yield %d : tensor<?x3xf32>
  } : (tensor<?x65537xf32>) -> tensor<?x3xf32>
}
