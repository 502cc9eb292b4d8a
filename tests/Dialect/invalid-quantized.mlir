// Only weights of int8 have a scale of the input, and they must have one.
// RUN: %rnet-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{bf16 takes no scale}}
module attributes {x = #rnet.quantized<bf16, @a.scale>} {}

// -----

// expected-error @below {{int8 needs the scale of the layer's input}}
module attributes {x = #rnet.quantized<int8>} {}
