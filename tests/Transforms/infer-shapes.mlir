// Shapes flow from the inputs through layers, muxes and projections, and reach the parameters.
// RUN: %rnet-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(rnet.network(rnet-infer-shapes))' | FileCheck %s

rnet.network @n {
  // CHECK: rnet.parameter @b.dense1.weight {{.*}} : tensor<4x2xf32>
  rnet.parameter @b.dense1.weight init glorot_uniform : tensor<*xf32>
  // CHECK: rnet.parameter @b.dense1.bias {{.*}} : tensor<4xf32>
  rnet.parameter @b.dense1.bias init zeros : tensor<*xf32>
  // CHECK: rnet.parameter @p.weight {{.*}} : tensor<4x2xf32>
  rnet.parameter @p.weight init glorot_uniform : tensor<*xf32>
  rnet.parameter @p.bias init zeros : tensor<*xf32>
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<*xf32>):
    rnet.yield %in : tensor<*xf32>
  } : (tensor<?x2xf32>) -> tensor<*xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<*xf32> -> tensor<*xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<*xf32>):
    %m = rnet.mux(%in) : (tensor<*xf32>) -> tensor<*xf32>
    // CHECK: rnet.dense {{.*}} : tensor<?x2xf32> -> tensor<?x4xf32>
    %d = rnet.dense %m units 4 weight @b.dense1.weight bias @b.dense1.bias : tensor<*xf32> -> tensor<*xf32>
    // CHECK: rnet.relu {{.*}} : tensor<?x4xf32> -> tensor<?x4xf32>
    %r = rnet.relu %d : tensor<*xf32> -> tensor<*xf32>
    rnet.yield %r : tensor<*xf32>
  } : (tensor<*xf32>) -> tensor<*xf32>
  %bc = rnet.hyperconnection "b_to_c" simple %b to "c" : tensor<*xf32> -> tensor<*xf32>
  // CHECK: rnet.hyperconnection "a_to_c" skip
  // CHECK: } : tensor<?x2xf32> -> tensor<?x4xf32>
  %ac = rnet.hyperconnection "a_to_c" skip %a to "c" project {
  ^bb0(%in: tensor<*xf32>):
    %p = rnet.dense %in units 4 weight @p.weight bias @p.bias : tensor<*xf32> -> tensor<*xf32>
    rnet.yield %p : tensor<*xf32>
  } : tensor<*xf32> -> tensor<*xf32>
  %c = rnet.node "c"(%bc, %ac) {
  ^bb0(%0: tensor<*xf32>, %1: tensor<*xf32>):
    // CHECK: rnet.mux({{.*}}) : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
    %m = rnet.mux(%0, %1) : (tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
    rnet.yield %m : tensor<*xf32>
  } : (tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
  rnet.output "y" %c : tensor<*xf32>
}

// -----

// The error is where the person can mend it, with the projection that would.
rnet.network @n {
  rnet.parameter @b.dense1.weight init glorot_uniform : tensor<*xf32>
  rnet.parameter @b.dense1.bias init zeros : tensor<*xf32>
  // expected-note @below {{f32[2] is declared here}}
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<*xf32>):
    rnet.yield %in : tensor<*xf32>
  } : (tensor<?x2xf32>) -> tensor<*xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<*xf32> -> tensor<*xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<*xf32>):
    // expected-note @below {{f32[4] is computed here}}
    %d = rnet.dense %in units 4 weight @b.dense1.weight bias @b.dense1.bias : tensor<*xf32> -> tensor<*xf32>
    rnet.yield %d : tensor<*xf32>
  } : (tensor<*xf32>) -> tensor<*xf32>
  %bc = rnet.hyperconnection "b_to_c" simple %b to "c" : tensor<*xf32> -> tensor<*xf32>
  // expected-error @below {{found f32[2], but 'c' adds f32[4]; 'project dense(4)' would make them meet [shape-mismatch]}}
  %ac = rnet.hyperconnection "a_to_c" skip %a to "c" : tensor<*xf32> -> tensor<*xf32>
  // expected-note @below {{'c' is declared here}}
  %c = rnet.node "c"(%bc, %ac) {
  ^bb0(%0: tensor<*xf32>, %1: tensor<*xf32>):
    %m = rnet.mux(%0, %1) : (tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
    rnet.yield %m : tensor<*xf32>
  } : (tensor<*xf32>, tensor<*xf32>) -> tensor<*xf32>
}
