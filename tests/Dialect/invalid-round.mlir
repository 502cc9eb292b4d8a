// Only int8 has a scale, and it must have one; rows keep their shape.
// RUN: %rnet-opt %s --split-input-file --verify-diagnostics

rnet.network @n {
  rnet.parameter @s.scale init ones frozen : tensor<1xf32>
  %x = rnet.input "x" at "a" : tensor<?x4xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4xf32>):
    // expected-error @below {{to bf16 takes no scale}}
    %y = rnet.round %in to bf16 scale @s.scale : tensor<?x4xf32> -> tensor<?x4xf32>
    rnet.yield %y : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x4xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4xf32>):
    // expected-error @below {{to int8 needs a scale}}
    %y = rnet.round %in to int8 : tensor<?x4xf32> -> tensor<?x4xf32>
    rnet.yield %y : tensor<?x4xf32>
  } : (tensor<?x4xf32>) -> tensor<?x4xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x4xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4xf32>):
    // expected-error @below {{has result 'tensor<?x5xf32>', but its inputs give 'tensor<?x4xf32>'}}
    %y = rnet.round %in to bf16 : tensor<?x4xf32> -> tensor<?x5xf32>
    rnet.yield %y : tensor<?x5xf32>
  } : (tensor<?x4xf32>) -> tensor<?x5xf32>
}
