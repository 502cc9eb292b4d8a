// Layers say what is wrong with their inputs.
// RUN: %rnet-opt %s --split-input-file --verify-diagnostics

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x8xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x8xf32>):
    // expected-error @below {{takes an image, height x width x channels, found rows of rank 1}}
    %y = rnet.max_pool %in window <kernel = [2, 2], stride = [2, 2]> : tensor<?x8xf32> -> tensor<?x4xf32>
    rnet.yield %y : tensor<?x4xf32>
  } : (tensor<?x8xf32>) -> tensor<?x4xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x4x4x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4x4x2xf32>):
    // expected-error @below {{has a kernel of 5x5, larger than its padded input of 4x4}}
    %y = rnet.avg_pool %in window <kernel = [5, 5], stride = [1, 1], pad = [0, 0, 0, 0]> : tensor<?x4x4x2xf32> -> tensor<?x1x1x2xf32>
    rnet.yield %y : tensor<?x1x1x2xf32>
  } : (tensor<?x4x4x2xf32>) -> tensor<?x1x1x2xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x4x4x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4x4x2xf32>):
    // expected-error @below {{expected a stride of two sizes above 0}}
    %y = rnet.avg_pool %in window <kernel = [2, 2], stride = [0, 1]> : tensor<?x4x4x2xf32> -> tensor<?x4x4x2xf32>
    rnet.yield %y : tensor<?x4x4x2xf32>
  } : (tensor<?x4x4x2xf32>) -> tensor<?x4x4x2xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x4x4x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4x4x2xf32>):
    // expected-error @below {{expected padding of four sizes: top, bottom, left, right}}
    %y = rnet.avg_pool %in window <kernel = [2, 2], stride = [1, 1], pad = [1, 1]> : tensor<?x4x4x2xf32> -> tensor<?x4x4x2xf32>
    rnet.yield %y : tensor<?x4x4x2xf32>
  } : (tensor<?x4x4x2xf32>) -> tensor<?x4x4x2xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x4x4x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4x4x2xf32>):
    // expected-error @below {{pads by four sizes: top, bottom, left, right}}
    %y = rnet.zero_pad %in by [1, 1] : tensor<?x4x4x2xf32> -> tensor<?x5x5x2xf32>
    rnet.yield %y : tensor<?x5x5x2xf32>
  } : (tensor<?x4x4x2xf32>) -> tensor<?x5x5x2xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x4x4x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4x4x2xf32>):
    %p = rnet.zero_pad %in by [0, 1, 0, 1] : tensor<?x4x4x2xf32> -> tensor<?x5x5x2xf32>
    // expected-error @below {{adds rows of different shapes}}
    %y = rnet.add %in, %p : tensor<?x4x4x2xf32>, tensor<?x5x5x2xf32> -> tensor<?x5x5x2xf32>
    rnet.yield %y : tensor<?x5x5x2xf32>
  } : (tensor<?x4x4x2xf32>) -> tensor<?x5x5x2xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x4x4x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4x4x2xf32>):
    %p = rnet.zero_pad %in by [0, 1, 0, 1] : tensor<?x4x4x2xf32> -> tensor<?x5x5x2xf32>
    // expected-error @below {{joins channels of images of different sizes}}
    %y = rnet.concat %in, %p : tensor<?x4x4x2xf32>, tensor<?x5x5x2xf32> -> tensor<?x5x5x4xf32>
    rnet.yield %y : tensor<?x5x5x4xf32>
  } : (tensor<?x4x4x2xf32>) -> tensor<?x5x5x4xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x4x4x2xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4x4x2xf32>):
    // expected-error @below {{gives 30 elements to 32}}
    %y = rnet.reshape %in to [30] : tensor<?x4x4x2xf32> -> tensor<?x30xf32>
    rnet.yield %y : tensor<?x30xf32>
  } : (tensor<?x4x4x2xf32>) -> tensor<?x30xf32>
}

// -----

rnet.network @n {
  %x = rnet.input "x" at "a" : tensor<?x4x4x2xf32>
  rnet.parameter @w init glorot_uniform : tensor<8x2x3x3xf32>
  %a = rnet.node "a"(%x) {
  ^bb0(%in: tensor<?x4x4x2xf32>):
    // expected-error @below {{has result 'tensor<?x4x4x9xf32>', but its inputs give 'tensor<?x4x4x8xf32>'}}
    %y = rnet.conv %in filters 8 window <kernel = [3, 3], stride = [1, 1]> weight @w : tensor<?x4x4x2xf32> -> tensor<?x4x4x9xf32>
    rnet.yield %y : tensor<?x4x4x9xf32>
  } : (tensor<?x4x4x2xf32>) -> tensor<?x4x4x9xf32>
}
