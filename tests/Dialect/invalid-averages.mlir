// What a mux refuses as an average.
// RUN: %rnet-opt %s --split-input-file --verify-diagnostics

rnet.network @n {
  %x = rnet.input "x" at "d" : tensor<?x4xf32>
  %d = rnet.node "d"(%x) {
  ^bb0(%0: tensor<?x4xf32>):
    %a = rnet.average of @x.average : tensor<?x4xf32>
    // expected-error @below {{has the average of input 1, but 1 inputs}}
    %m = rnet.mux(%0, %a) averages [1] by sum : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
    rnet.yield %m : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "d" : tensor<?x4xf32>
  %d = rnet.node "d"(%x) {
  ^bb0(%0: tensor<?x4xf32>):
    %a = rnet.average of @x.average : tensor<?x4xf32>
    // expected-error @below {{needs an input}}
    %m = rnet.mux(%a) averages [0] by sum : (tensor<?x4xf32>) -> tensor<?x4xf32>
    rnet.yield %m : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "d" : tensor<?x4xf32>
  %y = rnet.input "y" at "d" : tensor<?x4xf32>
  %d = rnet.node "d"(%x, %y) {
  ^bb0(%0: tensor<?x4xf32>, %1: tensor<?x4xf32>):
    // expected-error @below {{must have an rnet.average as the average of input 0}}
    %m = rnet.mux(%0, %1, %0) averages [0] by sum : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
    rnet.yield %m : tensor<?x4xf32>
  } : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "d" : tensor<?x4xf32>
  %y = rnet.input "y" at "d" : tensor<?x4xf32>
  %d = rnet.node "d"(%x, %y) {
  ^bb0(%0: tensor<?x4xf32>, %1: tensor<?x4xf32>):
    %a = rnet.average of @x.average : tensor<?x4xf32>
    // expected-error @below {{has the average of input 0, but no other input beside which it could count}}
    %m = rnet.mux(%0, %1, %a) averages [0] by failover stand_ins [#rnet.stand_in<members = [1], stands_for = [0], bypassed = 1>] : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
    rnet.yield %m : tensor<?x4xf32>
  } : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
}
