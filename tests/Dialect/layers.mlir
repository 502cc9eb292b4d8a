// Every layer and adjoint prints what it parses, in the pretty and in the generic form.
// RUN: %rnet-opt %s | %rnet-opt | FileCheck %s
// RUN: %rnet-opt --mlir-print-op-generic %s | %rnet-opt | FileCheck %s

rnet.network @images scheme resilinet_plus {
  rnet.parameter @w init glorot_uniform : tensor<8x3x3x3xf32>
  rnet.parameter @b init zeros : tensor<8xf32>
  rnet.parameter @dw init glorot_uniform : tensor<8x1x3x3xf32>
  rnet.parameter @gamma init ones : tensor<8xf32>
  rnet.parameter @beta init zeros : tensor<8xf32>
  rnet.parameter @mean init zeros frozen : tensor<8xf32>
  rnet.parameter @variance init ones frozen : tensor<8xf32>
  rnet.parameter @factor init ones : tensor<1xf32>
  rnet.parameter @pixel init glorot_uniform : tensor<5x8xf32>
  %x = rnet.input "x" at "a" : tensor<?x8x8x3xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x8x8x3xf32>):
    // CHECK: rnet.conv %{{.*}} filters 8 window <kernel = [3, 3], stride = [1, 1]> weight @w bias @b : tensor<?x8x8x3xf32> -> tensor<?x8x8x8xf32>
    %c = rnet.conv %in filters 8 window <kernel = [3, 3], stride = [1, 1]> weight @w bias @b : tensor<?x8x8x3xf32> -> tensor<?x8x8x8xf32>
    // CHECK: rnet.conv %{{.*}} filters 8 window <kernel = [3, 3], stride = [2, 2], pad = [0, 1, 0, 1]> weight @w : tensor<?x8x8x3xf32> -> tensor<?x4x4x8xf32>
    %c2 = rnet.conv %in filters 8 window <kernel = [3, 3], stride = [2, 2], pad = [0, 1, 0, 1]> weight @w : tensor<?x8x8x3xf32> -> tensor<?x4x4x8xf32>
    // CHECK: rnet.conv {{.*}} weight @w normalized <@gamma, @beta, @mean, @variance, epsilon = 1.000000e-03 : f64> then relu6 :
    %c3 = rnet.conv %in filters 8 window <kernel = [3, 3], stride = [1, 1]> weight @w normalized <@gamma, @beta, @mean, @variance, epsilon = 1.0e-3 : f64> then relu6 : tensor<?x8x8x3xf32> -> tensor<?x8x8x8xf32>
    // CHECK: rnet.depthwise_conv %{{.*}} window <kernel = [3, 3], stride = [2, 2]> weight @dw : tensor<?x8x8x8xf32> -> tensor<?x4x4x8xf32>
    %d = rnet.depthwise_conv %c window <kernel = [3, 3], stride = [2, 2]> weight @dw : tensor<?x8x8x8xf32> -> tensor<?x4x4x8xf32>
    // CHECK: rnet.batch_norm %{{.*}} gamma @gamma beta @beta mean @mean variance @variance epsilon 1.000000e-03 momentum 7.500000e-01 :
    %n = rnet.batch_norm %d gamma @gamma beta @beta mean @mean variance @variance epsilon 1.0e-3 momentum 0.75 : tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
    // CHECK: rnet.relu6
    %r6 = rnet.relu6 %n : tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
    // CHECK: rnet.sigmoid
    %sigmoid = rnet.sigmoid %r6 : tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
    // CHECK: rnet.tanh
    %tanh = rnet.tanh %sigmoid : tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
    // CHECK: rnet.gelu
    %gelu = rnet.gelu %tanh : tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
    // CHECK: rnet.max_pool %{{.*}} window <kernel = [2, 2], stride = [2, 2], pad = [0, 0, 0, 0]> : tensor<?x4x4x8xf32> -> tensor<?x2x2x8xf32>
    %max = rnet.max_pool %gelu window <kernel = [2, 2], stride = [2, 2], pad = [0, 0, 0, 0]> : tensor<?x4x4x8xf32> -> tensor<?x2x2x8xf32>
    // CHECK: rnet.avg_pool %{{.*}} window <kernel = [3, 3], stride = [2, 2]> : tensor<?x4x4x8xf32> -> tensor<?x2x2x8xf32>
    %avg = rnet.avg_pool %gelu window <kernel = [3, 3], stride = [2, 2]> : tensor<?x4x4x8xf32> -> tensor<?x2x2x8xf32>
    // CHECK: rnet.add %{{.*}}, %{{.*}} : tensor<?x2x2x8xf32>, tensor<?x2x2x8xf32> -> tensor<?x2x2x8xf32>
    %sum = rnet.add %max, %avg : tensor<?x2x2x8xf32>, tensor<?x2x2x8xf32> -> tensor<?x2x2x8xf32>
    // CHECK: rnet.dense %{{.*}} units 5 weight @pixel : tensor<?x2x2x8xf32> -> tensor<?x2x2x5xf32>
    %pixel = rnet.dense %sum units 5 weight @pixel : tensor<?x2x2x8xf32> -> tensor<?x2x2x5xf32>
    // CHECK: rnet.concat %{{.*}}, %{{.*}} : tensor<?x2x2x8xf32>, tensor<?x2x2x5xf32> -> tensor<?x2x2x13xf32>
    %both = rnet.concat %sum, %pixel : tensor<?x2x2x8xf32>, tensor<?x2x2x5xf32> -> tensor<?x2x2x13xf32>
    // CHECK: rnet.zero_pad %{{.*}} by [0, 1, 0, 1] : tensor<?x2x2x13xf32> -> tensor<?x3x3x13xf32>
    %padded = rnet.zero_pad %both by [0, 1, 0, 1] : tensor<?x2x2x13xf32> -> tensor<?x3x3x13xf32>
    // CHECK: rnet.dropout %{{.*}} rate 2.500000e-01 number 0 :
    %dropped = rnet.dropout %padded rate 0.25 number 0 : tensor<?x3x3x13xf32> -> tensor<?x3x3x13xf32>
    // CHECK: rnet.learned_scale %{{.*}} factor @factor : tensor<?x3x3x13xf32> -> tensor<?x3x3x13xf32>
    %scaled = rnet.learned_scale %dropped factor @factor : tensor<?x3x3x13xf32> -> tensor<?x3x3x13xf32>
    // CHECK: rnet.reshape %{{.*}} to [] : tensor<?x3x3x13xf32> -> tensor<?x117xf32>
    %flat = rnet.reshape %scaled to [] : tensor<?x3x3x13xf32> -> tensor<?x117xf32>
    // CHECK: rnet.reshape %{{.*}} to [3, 3, 13] : tensor<?x117xf32> -> tensor<?x3x3x13xf32>
    %image = rnet.reshape %flat to [3, 3, 13] : tensor<?x117xf32> -> tensor<?x3x3x13xf32>
    // CHECK: rnet.global_avg_pool %{{.*}} : tensor<?x3x3x13xf32> -> tensor<?x13xf32>
    %mean = rnet.global_avg_pool %image : tensor<?x3x3x13xf32> -> tensor<?x13xf32>
    rnet.yield %mean : tensor<?x13xf32>
  } : (tensor<?x8x8x3xf32>) -> tensor<?x13xf32>
  rnet.output "y" %a : tensor<?x13xf32>
}
