// For the interpreter, in a network: a batch normalisation goes into narrow weights, which are rounded with it, and stays behind those of f32.
// RUN: %rnet-opt %s -pass-pipeline='builtin.module(rnet.network(rnet-fold-batch-norms{quantized-only}))' | FileCheck %s

rnet.network @n {
  rnet.parameter @w init glorot_uniform : tensor<8x3xf32>
  rnet.parameter @u init glorot_uniform : tensor<8x8xf32>
  rnet.parameter @g init ones : tensor<8xf32>
  rnet.parameter @b init zeros : tensor<8xf32>
  rnet.parameter @m init zeros frozen : tensor<8xf32>
  rnet.parameter @v init ones frozen : tensor<8xf32>
  %x = rnet.input "x" at "a" : tensor<?x3xf32>
  %a = rnet.node "a"(%x) as bf16 {
  ^bb0(%in: tensor<?x3xf32>):
    // CHECK: %[[D:.*]] = rnet.dense %{{.*}} weight @w normalized <@g, @b, @m, @v, epsilon = 1.000000e-03 : f64> quantized <bf16> :
    // CHECK-NEXT: %[[E:.*]] = rnet.dense %[[D]] units 8 weight @u :
    // CHECK-NEXT: rnet.batch_norm %[[E]]
    %d = rnet.dense %in units 8 weight @w quantized <bf16> : tensor<?x3xf32> -> tensor<?x8xf32>
    %n = rnet.batch_norm %d gamma @g beta @b mean @m variance @v epsilon 1.0e-3 momentum 0.99 : tensor<?x8xf32> -> tensor<?x8xf32>
    %e = rnet.dense %n units 8 weight @u : tensor<?x8xf32> -> tensor<?x8xf32>
    %f = rnet.batch_norm %e gamma @g beta @b mean @m variance @v epsilon 1.0e-3 momentum 0.99 : tensor<?x8xf32> -> tensor<?x8xf32>
    rnet.yield %f : tensor<?x8xf32>
  } : (tensor<?x3xf32>) -> tensor<?x8xf32>
}
