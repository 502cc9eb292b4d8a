// Links, groups and routes print as they parse, and say what is wrong with them.
// RUN: %rnet-opt %s --split-input-file --verify-diagnostics
// RUN: not %rnet-opt %s --split-input-file 2>/dev/null | FileCheck %s

// CHECK: rnet.link "radio" joins ["a", "b"]
// CHECK: rnet.link "lan" joins ["b", "c"]
// CHECK: rnet.group "rack" holds ["b", "lan"]
// CHECK: rnet.hyperconnection "a_to_c" simple %{{.*}} to "c" over ["radio", "b", "lan"] weight 5.000000e-01 : tensor<?x2xf32> -> tensor<?x2xf32>
// CHECK: rnet.reliability "poor" {b = 8.000000e-01 : f64, rack = 7.500000e-01 : f64, radio = 5.000000e-01 : f64}
rnet.network @n {
  rnet.link "radio" joins ["a", "b"]
  rnet.link "lan" joins ["b", "c"]
  rnet.group "rack" holds ["b", "lan"]
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" over ["radio"] : tensor<?x2xf32> -> tensor<?x2xf32>
  %ac = rnet.hyperconnection "a_to_c" simple %a to "c" over ["radio", "b", "lan"] weight 0.5 : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %c = rnet.node "c"(%ac) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  rnet.output "y" %c : tensor<?x2xf32>
  rnet.reliability "poor" {b = 0.8, radio = 0.5, rack = 0.75}
}

// -----

rnet.network @n {
  // expected-error @below {{must join two nodes or more, found ["a"]}}
  rnet.link "l" joins ["a"]
}

// -----

rnet.network @n {
  // expected-error @below {{joins 'a' twice}}
  rnet.link "l" joins ["a", "a"]
}

// -----

rnet.network @n {
  // expected-error @below {{names the node 'a', which the network does not have}}
  rnet.link "l" joins ["a", "b"]
}

// -----

rnet.network @n {
  // expected-error @below {{must hold a node or link}}
  rnet.group "g" holds []
}

// -----

rnet.network @n {
  rnet.group "g" holds ["h"]
  // expected-error @below {{holds 'h' twice}}
  rnet.group "h" holds ["h", "h"]
}

// -----

rnet.network @n {
  // expected-error @below {{holds 'h', which is no node or link of the network}}
  rnet.group "g" holds ["h"]
  rnet.group "h" holds ["g"]
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // expected-error @below {{is the second node, link or group named 'a'}}
  rnet.group "a" holds ["a"]
}

// -----

rnet.network @n {
  // expected-error @below {{names 'radio', which is no node, link or group of the network}}
  rnet.reliability "poor" {radio = 0.5}
}

// -----

rnet.network @n {
  rnet.link "radio" joins ["a", "b"]
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // expected-error @below {{needs a route, since the network has links}}
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // expected-error @below {{is routed over the link 'radio', which the network does not have}}
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" over ["radio"] : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
}

// -----

rnet.network @n {
  rnet.link "lan" joins ["b", "c"]
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // expected-error @below {{is routed over the link 'lan', which does not join 'a'}}
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" over ["lan"] : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  %bc = rnet.hyperconnection "b_to_c" simple %b to "c" over ["lan"] : tensor<?x2xf32> -> tensor<?x2xf32>
  %c = rnet.node "c"(%bc) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
}

// -----

rnet.network @n {
  rnet.link "lan" joins ["a", "b"]
  %x = rnet.input "x" at "a" : tensor<?x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
  // expected-error @below {{needs a route of links with a relay between two, found ["lan", "a"]}}
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" over ["lan", "a"] : tensor<?x2xf32> -> tensor<?x2xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x2xf32>):
    rnet.yield %in : tensor<?x2xf32>
  } : (tensor<?x2xf32>) -> tensor<?x2xf32>
}
