// A node that needs more memory or sends more than its budget is an error, with what is largest; one within it is not.
// RUN: %rnet-opt %s -split-input-file -verify-diagnostics -rnet-check-budgets

rnet.network @n scheme dfg {
  rnet.parameter @b.w init glorot_uniform : tensor<10x10xf32>
  rnet.parameter @b.b init zeros : tensor<10xf32>
  %x = rnet.input "x" at "a" : tensor<?x10xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x10xf32>):
    rnet.yield %in : tensor<?x10xf32>
  } : (tensor<?x10xf32>) -> tensor<?x10xf32>
  // expected-note @below {{most go to 'b', 40 bytes}}
  %ab = rnet.hyperconnection "a_to_b" simple %a to "b" : tensor<?x10xf32> -> tensor<?x10xf32>
  %b = rnet.node "b"(%ab) {
  ^bb0(%in: tensor<?x10xf32>):
    %d = rnet.dense %in units 10 weight @b.w bias @b.b : tensor<?x10xf32> -> tensor<?x10xf32>
    rnet.yield %d : tensor<?x10xf32>
  } : (tensor<?x10xf32>) -> tensor<?x10xf32>
  // expected-error @below {{'a' sends 40 bytes an inference, 1 more than its budget [over-budget]}}
  rnet.budget "a" sent 39
  rnet.budget "a" sent 40
  // expected-error @below {{'b' needs 504 bytes of memory, 440 for weights and 64 for activations, 1 more than its budget [over-budget]}}
  rnet.budget "b" memory 503
  rnet.budget "b" memory 504
}
rnet.program @B infer "b" of @n in ["a_to_b"] out [] arena <columns = 16, masks = 0> {
  // expected-note @below {{the largest tensor is 'b.w', 400 bytes}}
  rnet.parameter @b.w init glorot_uniform : tensor<10x10xf32>
  rnet.parameter @b.b init zeros : tensor<10xf32>
  %x, %p = rnet.receive "a_to_b" at 0 : tensor<?x10xf32>
  %d = rnet.dense %x where %p units 10 weight @b.w bias @b.b : tensor<?x10xf32> -> tensor<?x10xf32>
}

// -----

rnet.network @n scheme dfg {
  %x = rnet.input "x" at "a" : tensor<?x10xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x10xf32>):
    rnet.yield %in : tensor<?x10xf32>
  } : (tensor<?x10xf32>) -> tensor<?x10xf32>
  // expected-error @below {{needs the planned inference program of its node}}
  rnet.budget "a" memory 1
}
