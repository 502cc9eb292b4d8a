// Layers with weights of bf16 and int8, beside normalisation and activation.
// RUN: %rnet-opt %s | %rnet-opt | FileCheck %s

rnet.network @n {
  rnet.parameter @a.conv1.weight init glorot_uniform : tensor<5x3x3x3xf32>
  rnet.parameter @a.dense1.weight init glorot_uniform : tensor<4x5xf32>
  rnet.parameter @a.dense1.scale init ones frozen : tensor<1xf32>
  %x = rnet.input "x" at "a" : tensor<?x4x4x3xf32>
  // CHECK: rnet.node "a"(%{{.*}}) failout 1.000000e-01 as int8 {
  %a = rnet.node "a"(%x) failout 0.1 as int8 {
  ^bb0(%in: tensor<?x4x4x3xf32>):
    // CHECK: rnet.conv %{{.*}} weight @a.conv1.weight quantized <bf16> then relu : tensor<?x4x4x3xf32> -> tensor<?x4x4x5xf32>
    %c = rnet.conv %in filters 5 window <kernel = [3, 3], stride = [1, 1]> weight @a.conv1.weight quantized <bf16> then relu : tensor<?x4x4x3xf32> -> tensor<?x4x4x5xf32>
    // CHECK: rnet.dense %{{.*}} normalized <@g, @b, @m, @v, epsilon = 1.000000e-03 : f64> quantized <int8, @a.dense1.scale> : tensor<?x4x4x5xf32> -> tensor<?x4x4x4xf32>
    %d = rnet.dense %c units 4 weight @a.dense1.weight normalized <@g, @b, @m, @v, epsilon = 1.0e-3> quantized <int8, @a.dense1.scale> : tensor<?x4x4x5xf32> -> tensor<?x4x4x4xf32>
    rnet.yield %d : tensor<?x4x4x4xf32>
  } : (tensor<?x4x4x3xf32>) -> tensor<?x4x4x4xf32>
}
