// What layers are made of, dense layers, scaling, the loss, and their adjoints.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RNET_LAYERS_TD
#define RNET_LAYERS_TD

include "rnet/Dialect/RNetNetworkOps.td"

// An op that one kernel computes. `inputs` come first, then the mask that says which rows are present.
class RNet_KernelOp<string mnemonic, dag inputs, dag attributes = (ins), list<Trait> traits = []>
    : RNet_Op<mnemonic, traits> {
  let arguments = !con(inputs, (ins Optional<RNet_Mask>:$present), attributes);
}

// A layer: rows in, rows out. It verifies itself through LayerOpInterface.
class RNet_Layer<string mnemonic, dag inputs, dag attributes = (ins), list<Trait> traits = [],
                 list<string> layerMethods = [], list<string> kernelMethods = [], list<string> adjointMethods = []>
    : RNet_KernelOp<mnemonic, inputs, attributes, !listconcat(traits, [Pure,
        DeclareOpInterfaceMethods<LayerOpInterface, layerMethods>,
        DeclareOpInterfaceMethods<AdjointOpInterface, adjointMethods>,
        DeclareOpInterfaceMethods<KernelOpInterface, kernelMethods>])> {
  let results = (outs RNet_Rows:$output);
}

// An adjoint: part of a backward program.
class RNet_Adjoint<string mnemonic, dag inputs, dag attributes = (ins), list<Trait> traits = [],
                   list<string> kernelMethods = []>
    : RNet_KernelOp<mnemonic, inputs, attributes, !listconcat(traits, [
        DeclareOpInterfaceMethods<KernelOpInterface, kernelMethods>])>;

//===-- Dense ---------------------------------------------------------------------------------===//

def DenseOp : RNet_Layer<"dense", (ins RNet_Rows:$input),
    (ins I64Attr:$units, FlatSymbolRefAttr:$weight, OptionalAttr<FlatSymbolRefAttr>:$bias,
         OptionalAttr<RNet_NormalizedAttr>:$normalized, OptionalAttr<RNet_QuantizedAttr>:$quantized,
         DefaultValuedAttr<RNet_ActivationAttr, "::rnet::ir::Activation::None">:$activation), [],
    ["getParameterUses", "getMultiplyAdds", "fuseActivation", "foldNormalization", "quantizeWeights",
     "getQuantization"],
    ["getKernelParameters", "getKernelStorage", "getKernelLoad"]> {
  let summary = "y = W x + b; on an image, of the channels of each pixel";
  let description = [{
    W is [units, in], b is [units]; one accumulator per output. `quantized` is set by `rnet-quantize-weights`, `normalized` and `then relu` by
    `rnet-fold-batch-norms` and `rnet-fuse-activations`: what inference computes.

    Example: `%y = rnet.dense %x units 250 weight @edge.dense1.weight bias @edge.dense1.bias : tensor<?x23xf32> -> tensor<?x250xf32>`
  }];
  let assemblyFormat = [{
    $input (`where` $present^)? `units` $units `weight` $weight (`bias` $bias^)? (`normalized` $normalized^)?
    (`quantized` $quantized^)? (`then` $activation^)? attr-dict `:` type($input) `->` type($output)
  }];
}

def DenseAdjointInputOp : RNet_Adjoint<"dense_adjoint_input", (ins RNet_Rows:$gradient),
    (ins FlatSymbolRefAttr:$weight), [Pure], ["getKernelParameters"]> {
  let summary = "gradient of a dense layer's input: W^T g";
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = [{
    $gradient (`where` $present^)? `weight` $weight attr-dict `:` type($gradient) `->` type($output)
  }];
}

def DenseAdjointParametersOp : RNet_Adjoint<"dense_adjoint_parameters", (ins RNet_Rows:$input, RNet_Rows:$gradient),
    (ins FlatSymbolRefAttr:$weight, OptionalAttr<FlatSymbolRefAttr>:$bias), [], ["getKernelParameters"]> {
  let summary = "sets the gradients of a dense layer's parameters: sums over present rows of g x^T and g";
  let assemblyFormat = [{
    $input `,` $gradient (`where` $present^)? `weight` $weight (`bias` $bias^)? attr-dict
    `:` type($input) `,` type($gradient)
  }];
}

//===-- Softmax -------------------------------------------------------------------------------===//

class RNet_ElementwiseLayer<string mnemonic, dag attributes = (ins), list<string> layerMethods = [],
                            list<string> kernelMethods = []>
    : RNet_Layer<mnemonic, (ins RNet_Rows:$input), attributes, [], layerMethods, kernelMethods>;

def SoftmaxOp : RNet_ElementwiseLayer<"softmax"> {
  let summary = "exp(x - max x), divided by its sum over the row";
  let description = "Example: `%y = rnet.softmax %x : tensor<?x13xf32> -> tensor<?x13xf32>`";
  let assemblyFormat = "$input (`where` $present^)? attr-dict `:` type($input) `->` type($output)";
}
def SoftmaxAdjointOp : RNet_Adjoint<"softmax_adjoint", (ins RNet_Rows:$activated, RNet_Rows:$gradient), (ins), [Pure]> {
  let summary = "p * (g - sum(p * g))";
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = [{
    $activated `,` $gradient (`where` $present^)? attr-dict `:` type($activated) `,` type($gradient) `->` type($output)
  }];
}

//===-- Scale and normalisation ---------------------------------------------------------------===//

def ScaleOp : RNet_ElementwiseLayer<"scale", (ins F64Attr:$factor), [], ["getKernelLiterals"]> {
  let summary = "a constant factor: a hyperconnection's weight";
  let description = "Example: `%y = rnet.scale %x by 0.5 : tensor<?x250xf32> -> tensor<?x250xf32>`";
  let assemblyFormat = "$input (`where` $present^)? `by` $factor attr-dict `:` type($input) `->` type($output)";
}

def LearnedScaleOp : RNet_ElementwiseLayer<"learned_scale", (ins FlatSymbolRefAttr:$factor),
    ["getParameterUses", "getMultiplyAdds"], ["getKernelParameters", "getKernelStorage"]> {
  let summary = "a factor that is trained: a learned weight of a hyperconnection";
  let description = [{
    One number for all elements, of shape [1]. It is its own adjoint of the input.
    Example: `%y = rnet.learned_scale %x factor @edge_to_fog1.projection.factor : tensor<?x250xf32> -> tensor<?x250xf32>`
  }];
  let assemblyFormat = [{
    $input (`where` $present^)? `factor` $factor attr-dict `:` type($input) `->` type($output)
  }];
}
def LearnedScaleAdjointParametersOp : RNet_Adjoint<"learned_scale_adjoint_parameters",
    (ins RNet_Rows:$input, RNet_Rows:$gradient), (ins FlatSymbolRefAttr:$factor), [], ["getKernelParameters"]> {
  let summary = "sets the gradient of the factor: the sum over present rows of g . x";
  let assemblyFormat = [{
    $input `,` $gradient (`where` $present^)? `factor` $factor attr-dict `:` type($input) `,` type($gradient)
  }];
}

def NormalizeOp : RNet_Layer<"normalize", (ins RNet_Rows:$input),
    (ins FlatSymbolRefAttr:$mean, FlatSymbolRefAttr:$deviation), [],
    ["getParameterUses"], ["getKernelParameters", "getKernelStorage"]> {
  let summary = "(x - mean) / deviation, per channel: raw units to what training saw";
  let description = [{
    Mean and deviation are frozen parameters, one for each element of the last axis, measured on the training split. Inputs of the network have no gradient.
    Example: `%y = rnet.normalize %x mean @sensors.mean deviation @sensors.deviation : tensor<?x23xf32> -> tensor<?x23xf32>`
  }];
  let assemblyFormat = [{
    $input (`where` $present^)? `mean` $mean `deviation` $deviation attr-dict `:` type($input) `->` type($output)
  }];
}

//===-- Rounding ------------------------------------------------------------------------------===//

def RoundOp : RNet_KernelOp<"round", (ins RNet_Rows:$input),
    (ins RNet_ElementAttr:$element, OptionalAttr<FlatSymbolRefAttr>:$scale),
    [Pure, DeclareOpInterfaceMethods<LayerOpInterface, ["getParameterUses"]>,
     DeclareOpInterfaceMethods<KernelOpInterface, ["getKernelParameters", "getKernelStorage"]>]> {
  let summary = "each element rounded to what travels: the nearest value of the element type, as f32";
  let description = [{
    `bf16`: the nearest, ties to even; a NaN stays one. `int8`: the nearest whole multiple, ties to even, of the scale, a frozen
    parameter of shape [1] that training measures; from -127 to 127 of it, beyond which values saturate; a NaN becomes 0. Rounding what is rounded
    changes nothing. Inference alone rounds: there is no adjoint.

    Example: `%y = rnet.round %x to bf16 : tensor<?x250xf32> -> tensor<?x250xf32>`,
    `%y = rnet.round %x to int8 scale @edge_to_fog1.scale : tensor<?x250xf32> -> tensor<?x250xf32>`
  }];
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = [{
    $input (`where` $present^)? `to` $element (`scale` $scale^)? attr-dict `:` type($input) `->` type($output)
  }];
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===-- Loss ----------------------------------------------------------------------------------===//

def SoftmaxCrossEntropyOp : RNet_Layer<"softmax_cross_entropy", (ins RNet_Rows:$input), (ins UnitAttr:$exit), [],
                                                  [], [], ["isLoss"]> {
  let summary = "softmax, and the mean cross-entropy over present rows with the step's targets";
  let description = [{
    Training programs only. The result is the probabilities; the loss is added to the step's, that of an `exit` by the weight
    of exits. An absent row has no loss.
    Example: `%p = rnet.softmax_cross_entropy %logits : tensor<?x13xf32> -> tensor<?x13xf32>`
  }];
  let assemblyFormat = "$input (`where` $present^)? (`exit` $exit^)? attr-dict `:` type($input) `->` type($output)";
}
def SoftmaxCrossEntropyAdjointOp : RNet_Adjoint<"softmax_cross_entropy_adjoint", (ins RNet_Rows:$probabilities),
                                                (ins UnitAttr:$exit),
                                                [Pure]> {
  let summary = "(p - target) / present rows: the gradient of the loss with respect to the logits";
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = "$probabilities (`where` $present^)? (`exit` $exit^)? attr-dict `:` type($probabilities) `->` type($output)";
}

#endif // RNET_LAYERS_TD
