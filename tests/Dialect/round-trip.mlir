// The dialect prints what it parses, in the pretty and in the generic form.
// RUN: %rnet-opt %s | %rnet-opt | FileCheck %s
// RUN: %rnet-opt --mlir-print-op-generic %s | %rnet-opt | FileCheck %s

// CHECK: rnet.network @tiny scheme resilinet {
rnet.network @tiny scheme resilinet {
  // CHECK: rnet.parameter @a_to_c.projection.weight init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @a_to_c.projection.weight init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @a_to_c.projection.bias init zeros : tensor<4xf32>
  rnet.parameter @b.dense1.weight init glorot_uniform : tensor<4x2xf32>
  rnet.parameter @b.dense1.bias init zeros : tensor<4xf32>
  // CHECK: rnet.parameter @x.mean init zeros frozen : tensor<2xf32>
  rnet.parameter @x.mean init zeros frozen : tensor<2xf32>
  rnet.parameter @x.deviation init ones frozen : tensor<2xf32>
  // CHECK: rnet.input "x" at "a" private : tensor<?x2xf32>
  %x = rnet.input "x" at "a" private : tensor<?x2xf32>
  // CHECK: rnet.node "a"(%{{.*}}) {
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    // CHECK: rnet.normalize %{{.*}} mean @x.mean deviation @x.deviation : tensor<?x2xf32> -> tensor<?x2xf32>
    %n = rnet.normalize %in mean @x.mean deviation @x.deviation : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %n : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // CHECK: rnet.hyperconnection "a_to_b" simple %{{.*}} to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK: rnet.node "b"(%{{.*}}) failout 1.000000e-01 {
  %b = rnet.node "b"(%ab) failout 0.1 {
  ^bb0(%in: tensor<?x2xf32>):
    // CHECK: rnet.mux(%{{.*}}) by failover : (tensor<?x2xf32>) -> tensor<?x2xf32>
    %m = rnet.mux(%in) by failover : (tensor<?x2xf32>) -> tensor<?x2xf32>
    // CHECK: rnet.dense %{{.*}} units 4 weight @b.dense1.weight bias @b.dense1.bias : tensor<?x2xf32> -> tensor<?x4xf32>
    %d = rnet.dense %m units 4 weight @b.dense1.weight bias @b.dense1.bias : tensor<?x2xf32> -> tensor<?x4xf32>
    // CHECK: rnet.relu %{{.*}} : tensor<?x4xf32> -> tensor<?x4xf32>
    %r = rnet.relu %d : tensor<?x4xf32> -> tensor<?x4xf32>
    rnet.yield %r : tensor<?x4xf32>
  } : (tensor<?x2xf32>) -> tensor<?x4xf32>
  %bc = rnet.hyperconnection "b_to_c" simple %b to "c" : tensor<?x4xf32> -> tensor<?x4xf32>
  // CHECK: rnet.hyperconnection "a_to_c" skip %{{.*}} to "c" weight 5.000000e-01 project {
  %ac = rnet.hyperconnection "a_to_c" skip %a to "c" weight 0.5 project {
  ^bb0(%in: tensor<?x2xf32>):
    %p = rnet.dense %in units 4 weight @a_to_c.projection.weight bias @a_to_c.projection.bias : tensor<?x2xf32> -> tensor<?x4xf32>
    rnet.yield %p : tensor<?x4xf32>
  } : tensor<?x2xf32> -> tensor<?x4xf32>
  %c = rnet.node "c"(%bc, %ac) {
  ^bb0(%b_in: tensor<?x4xf32>, %a_in: tensor<?x4xf32>):
    // CHECK: rnet.mux(%{{.*}}, %{{.*}}) by failover stand_ins [#rnet.stand_in<members = [1], stands_for = [0], bypassed = 1>]
    %m = rnet.mux(%b_in, %a_in) by failover stand_ins [#rnet.stand_in<members = [1], stands_for = [0], bypassed = 1>]
      : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
    // CHECK: rnet.softmax
    %s = rnet.softmax %m : tensor<?x4xf32> -> tensor<?x4xf32>
    rnet.yield %s : tensor<?x4xf32>
  } : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  // CHECK: rnet.output "y" %{{.*}} classes ["no", "yes", "maybe", "never"] : tensor<?x4xf32>
  rnet.output "y" %c classes ["no", "yes", "maybe", "never"] : tensor<?x4xf32>
  // CHECK: rnet.reliability "poor" {b = 8.000000e-01 : f64}
  rnet.reliability "poor" {b = 0.8}
  // CHECK: rnet.recipe {batch = 32 : i64, optimizer = "sgd"}
  rnet.recipe {optimizer = "sgd", batch = 32 : i64}
}
