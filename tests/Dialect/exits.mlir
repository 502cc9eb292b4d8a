// Exits print as they parse, and say what is wrong with them.
// RUN: %rnet-opt %s --split-input-file --verify-diagnostics
// RUN: not %rnet-opt %s --split-input-file 2>/dev/null | FileCheck %s

// CHECK: rnet.exit "y" %{{.*}} head {
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<?x2xf32>):
// CHECK-NEXT: rnet.softmax %[[X]]
// CHECK-NEXT: rnet.yield
// CHECK-NEXT: } : tensor<?x2xf32>
// CHECK: rnet.recipe {exits = 5.000000e-01 : f64}
rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %b : tensor<?x2xf32>
  rnet.exit "y" %a head {
  ^bb0(%in: tensor<?x2xf32>):
    %p = rnet.softmax %in : tensor<?x2xf32> -> tensor<?x2xf32>
    rnet.yield %p : tensor<?x2xf32>
  } : tensor<?x2xf32>
  rnet.recipe {exits = 0.5}
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %a : tensor<?x2xf32>
  // expected-error @below {{is at 'a', which holds the output itself}}
  rnet.exit "y" %a : tensor<?x2xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %a : tensor<?x2xf32>
  // expected-error @below {{answers for the output 'z', which the network does not have}}
  rnet.exit "z" %a : tensor<?x2xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %b : tensor<?x2xf32>
  rnet.exit "y" %a : tensor<?x2xf32>
  // expected-error @below {{is the second at 'a'}}
  rnet.exit "y" %a : tensor<?x2xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %b : tensor<?x2xf32>
  rnet.output "z" %a : tensor<?x2xf32>
  // expected-error @below {{answers for the output 'z', which is not the first}}
  rnet.exit "z" %a : tensor<?x2xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  // expected-error @below {{must be at a node}}
  rnet.exit "y" %x : tensor<?x2xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // expected-error @below {{must have a head of one value of the type of its source}}
  rnet.exit "y" %a head {
  ^bb0(%in: tensor<?x3xf32>):
    rnet.yield %in : tensor<?x3xf32>
  } : tensor<?x2xf32>
}
