// Presence is explicit after routing: received, joined, passed to every layer, sent.
// RUN: %rnet-opt %s -split-input-file -pass-pipeline='builtin.module(rnet.program(rnet-insert-routing))' | FileCheck %s

// CHECK-LABEL: rnet.program @Sum
rnet.program @Sum infer "c" of @n in ["b_to_c", "a_to_c"] out [["c_to_d"]] {
^bb0(%b: tensor<?x4xf32>, %a: tensor<?x4xf32>):
  // CHECK-NEXT: %[[B:.*]], %[[PB:.*]] = rnet.receive "b_to_c" at 0
  // CHECK-NEXT: %[[A:.*]], %[[PA:.*]] = rnet.receive "a_to_c" at 1
  // CHECK-NEXT: %[[M:.*]], %[[P:.*]] = rnet.join(%[[B]], %[[A]]) where(%[[PB]], %[[PA]])
  // CHECK-NEXT: %[[R:.*]] = rnet.relu %[[M]] where %[[P]]
  // CHECK-NEXT: rnet.send %[[R]] where %[[P]] at 0
  // CHECK-NEXT: }
  %m = rnet.mux(%b, %a) by sum : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %r = rnet.relu %m : tensor<?x4xf32> -> tensor<?x4xf32>
  rnet.yield %r : tensor<?x4xf32>
}

// -----

// What failover does not take is not even scaled.
// CHECK-LABEL: rnet.program @Failover
rnet.program @Failover infer "c" of @n in ["b_to_c", "a_to_c"] out [["c_to_d"]] {
^bb0(%b: tensor<?x4xf32>, %a: tensor<?x4xf32>):
  // CHECK: %[[T:.*]]:2 = rnet.failover(%{{.*}}, %{{.*}}) stand_ins
  // CHECK-NEXT: %[[S:.*]] = rnet.scale %{{.*}} where %[[T]]#1 by
  // CHECK-NEXT: rnet.join(%{{.*}}, %[[S]]) where(%[[T]]#0, %[[T]]#1)
  %s = rnet.scale %a by 0.5 : tensor<?x4xf32> -> tensor<?x4xf32>
  %m = rnet.mux(%b, %s) by failover stand_ins [#rnet.stand_in<members = [1], stands_for = [0], bypassed = 1>] : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  rnet.yield %m : tensor<?x4xf32>
}

// -----

// Training: failout narrows the mask; gradients come back along each hyperconnection, and go back where rows were taken.
// CHECK-LABEL: rnet.program @CTrainer
rnet.program @CTrainer train "c" of @n in ["b_to_c", "a_to_c"] out [["c_to_d", "c_to_e"]] {
^bb0(%b: tensor<?x4xf32>, %a: tensor<?x4xf32>):
  // CHECK: %[[M:.*]], %[[PM:.*]] = rnet.join
  // CHECK-NEXT: %[[ALIVE:.*]] = rnet.alive
  // CHECK-NEXT: %[[P:.*]] = rnet.intersect %[[PM]], %[[ALIVE]]
  // CHECK-NEXT: %[[R:.*]] = rnet.relu %[[M]] where %[[P]]
  // CHECK-NEXT: rnet.send %[[R]] where %[[P]] at 0
  // CHECK-NEXT: rnet.reverse() : () -> ()
  // CHECK-NEXT: %[[G0:.*]], %[[PG0:.*]] = rnet.receive_gradient "c_to_d" at 0
  // CHECK-NEXT: %[[G1:.*]], %[[PG1:.*]] = rnet.receive_gradient "c_to_e" at 1
  // CHECK-NEXT: %[[G:.*]], %[[PG:.*]] = rnet.join(%[[G0]], %[[G1]]) where(%[[PG0]], %[[PG1]])
  // CHECK-NEXT: %[[GR:.*]] = rnet.activation_adjoint relu %[[R]], %[[G]] where %[[PG]]
  // CHECK-NEXT: %[[PGB:.*]] = rnet.intersect %{{.*}}, %[[PG]]
  // CHECK-NEXT: rnet.send_gradient %[[GR]] where %[[PGB]] at 0
  %m = rnet.mux(%b, %a) by sum : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %f = rnet.failout %m : tensor<?x4xf32>
  %r = rnet.relu %f : tensor<?x4xf32> -> tensor<?x4xf32>
  %g = rnet.reverse(%r) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %gr = rnet.activation_adjoint relu %r, %g : tensor<?x4xf32>, tensor<?x4xf32> -> tensor<?x4xf32>
  %gb = rnet.mux_adjoint %gr of %m input 0 : tensor<?x4xf32>
  rnet.yield %r : tensor<?x4xf32> gradients %gb : tensor<?x4xf32> of [0]
}

// -----

// A row without a gradient of its own, since the node behind is down for it, has one by way of the batch's statistics: before the
// normalisation, gradients are present where it was computed.
// CHECK-LABEL: rnet.program @Normalized
rnet.program @Normalized train "b" of @n in ["a_to_b"] out [["b_to_c"]] {
^bb0(%a: tensor<?x4xf32>):
  rnet.parameter @b.gamma init ones : tensor<4xf32>
  rnet.parameter @b.beta init zeros : tensor<4xf32>
  rnet.parameter @b.mean init zeros frozen : tensor<4xf32>
  rnet.parameter @b.variance init ones frozen : tensor<4xf32>
  // CHECK: rnet.receive "a_to_b"
  // CHECK: %[[P:.*]] = rnet.intersect
  // CHECK: %[[R:.*]] = rnet.relu %{{.*}} where %[[P]]
  // CHECK: rnet.batch_norm %[[R]] where %[[P]]
  // CHECK: %[[G:.*]], %[[PG:.*]] = rnet.receive_gradient "b_to_c" at 0
  // CHECK-NEXT: %[[GR:.*]] = rnet.batch_norm_adjoint %[[R]], %[[G]] where %[[PG]]
  // CHECK-NEXT: %[[GF:.*]] = rnet.activation_adjoint relu %[[R]], %[[GR]] where %[[P]]
  // CHECK-NEXT: rnet.send_gradient %[[GF]] where %[[P]] at 0
  %f = rnet.failout %a : tensor<?x4xf32>
  %r = rnet.relu %f : tensor<?x4xf32> -> tensor<?x4xf32>
  %n = rnet.batch_norm %r gamma @b.gamma beta @b.beta mean @b.mean variance @b.variance epsilon 1.0e-3 momentum 0.99 : tensor<?x4xf32> -> tensor<?x4xf32>
  %g = rnet.reverse(%n) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  %gr = rnet.batch_norm_adjoint %r, %g gamma @b.gamma beta @b.beta mean @b.mean variance @b.variance epsilon 1.0e-3 momentum 0.99 : tensor<?x4xf32>, tensor<?x4xf32> -> tensor<?x4xf32>
  %gf = rnet.activation_adjoint relu %r, %gr : tensor<?x4xf32>, tensor<?x4xf32> -> tensor<?x4xf32>
  rnet.yield %n : tensor<?x4xf32> gradients %gf : tensor<?x4xf32> of [0]
}
