// The softmax before an output becomes the loss; a network without one cannot be trained by cross-entropy.
// RUN: %rnet-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(rnet.network(rnet-insert-loss))' | FileCheck %s

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  // CHECK: rnet.softmax_cross_entropy %{{.*}} : tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK-NOT: rnet.softmax %
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    %p = rnet.softmax %in : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %p : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %a : tensor<?x2xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  // expected-note @below {{the last layer is here}}
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // expected-error @below {{training by cross-entropy needs a softmax as the last layer of 'a' [loss-needs-softmax]}}
  rnet.output "y" %a : tensor<?x2xf32>
}

// -----

// An exit has a loss of its own.
rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  // CHECK: rnet.softmax_cross_entropy %{{.*}} exit : tensor<?x2xf32> -> tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    %p = rnet.softmax %in : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %p : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  // CHECK: rnet.softmax_cross_entropy %{{.*}} : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    %p = rnet.softmax %in : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %p : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %b : tensor<?x2xf32>
  rnet.exit "y" %a : tensor<?x2xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  // expected-note @below {{the last layer is here}}
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    %p = rnet.softmax %in : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %p : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %b : tensor<?x2xf32>
  // expected-error @below {{training by cross-entropy needs a softmax as the last layer of the exit at 'a' [loss-needs-softmax]}}
  rnet.exit "y" %a : tensor<?x2xf32>
}
