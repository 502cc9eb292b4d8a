// A batch normalisation goes into the weights before it, and an activation behind it into the kernel; not where the
// layer's own result is used too, not in training, not twice.
// RUN: %rnet-opt %s --rnet-fold-batch-norms --rnet-fuse-activations | FileCheck %s

// CHECK-LABEL: rnet.program @A infer
rnet.program @A infer "a" of @n in ["x"] out [["a_to_b"]] {
^bb0(%x: tensor<?x4x4x3xf32>):
  rnet.parameter @w init glorot_uniform : tensor<8x3x1x1xf32>
  rnet.parameter @g init ones : tensor<8xf32>
  rnet.parameter @b init zeros : tensor<8xf32>
  rnet.parameter @m init zeros frozen : tensor<8xf32>
  rnet.parameter @v init ones frozen : tensor<8xf32>
  // CHECK: %[[C:.*]] = rnet.conv %{{.*}} weight @w normalized <@g, @b, @m, @v, epsilon = 1.000000e-03 : f64> then relu6 :
  %c = rnet.conv %x filters 8 window <kernel = [1, 1], stride = [1, 1]> weight @w : tensor<?x4x4x3xf32> -> tensor<?x4x4x8xf32>
  %n = rnet.batch_norm %c gamma @g beta @b mean @m variance @v epsilon 1.0e-3 momentum 0.99 : tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
  %r = rnet.relu6 %n : tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
  // A second normalisation stays, and takes the activation.
  // CHECK: %[[N:.*]] = rnet.batch_norm %[[C]] {{.*}} then relu :
  %n2 = rnet.batch_norm %r gamma @g beta @b mean @m variance @v epsilon 1.0e-3 momentum 0.99 : tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
  %r2 = rnet.relu %n2 : tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
  // A second activation stays.
  // CHECK: rnet.sigmoid %[[N]]
  %s = rnet.sigmoid %r2 : tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
  rnet.yield %s : tensor<?x4x4x8xf32>
}

// CHECK-LABEL: rnet.program @B infer
rnet.program @B infer "b" of @n in ["x"] out [["b_to_c"]] {
^bb0(%x: tensor<?x4x4x8xf32>):
  rnet.parameter @w init glorot_uniform : tensor<8x1x3x3xf32>
  rnet.parameter @g init ones : tensor<8xf32>
  rnet.parameter @b init zeros : tensor<8xf32>
  rnet.parameter @m init zeros frozen : tensor<8xf32>
  rnet.parameter @v init ones frozen : tensor<8xf32>
  // CHECK: rnet.depthwise_conv
  // CHECK-NOT: normalized
  // CHECK: rnet.batch_norm
  %c = rnet.depthwise_conv %x window <kernel = [3, 3], stride = [1, 1]> weight @w : tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
  %n = rnet.batch_norm %c gamma @g beta @b mean @m variance @v epsilon 1.0e-3 momentum 0.99 : tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
  // CHECK: rnet.add {{.*}} then relu
  %y = rnet.add %c, %n : tensor<?x4x4x8xf32>, tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
  %z = rnet.relu %y : tensor<?x4x4x8xf32> -> tensor<?x4x4x8xf32>
  rnet.yield %z : tensor<?x4x4x8xf32>
}

// CHECK-LABEL: rnet.program @CTrainer train
rnet.program @CTrainer train "c" of @n in ["x"] out [["c_to_d"]] {
^bb0(%x: tensor<?x8xf32>):
  rnet.parameter @w init glorot_uniform : tensor<4x8xf32>
  rnet.parameter @g init ones : tensor<4xf32>
  rnet.parameter @b init zeros : tensor<4xf32>
  rnet.parameter @m init zeros frozen : tensor<4xf32>
  rnet.parameter @v init ones frozen : tensor<4xf32>
  // CHECK: rnet.batch_norm
  %d = rnet.dense %x units 4 weight @w : tensor<?x8xf32> -> tensor<?x4xf32>
  %n = rnet.batch_norm %d gamma @g beta @b mean @m variance @v epsilon 1.0e-3 momentum 0.99 : tensor<?x4xf32> -> tensor<?x4xf32>
  rnet.yield %n : tensor<?x4xf32>
}
