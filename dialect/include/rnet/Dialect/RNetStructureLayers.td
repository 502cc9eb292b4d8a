// Layers that join, reshape, normalise over the batch, or drop: what networks are wired with.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RNET_STRUCTURE_LAYERS_TD
#define RNET_STRUCTURE_LAYERS_TD

include "rnet/Dialect/RNetLayers.td"

//===-- Batch normalisation -------------------------------------------------------------------===//

def BatchNormOp : RNet_Layer<"batch_norm", (ins RNet_Rows:$input),
    (ins FlatSymbolRefAttr:$gamma, FlatSymbolRefAttr:$beta, FlatSymbolRefAttr:$mean, FlatSymbolRefAttr:$variance,
         F64Attr:$epsilon, F64Attr:$momentum,
         DefaultValuedAttr<RNet_ActivationAttr, "::rnet::ir::Activation::None">:$activation), [],
    ["getParameterUses", "getMultiplyAdds", "fuseActivation"],
    ["getKernelParameters", "getKernelStorage", "getKernelLoad", "getKernelLiterals", "getKernelState"]> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * gamma + beta, channel by channel";
  let description = [{
    A training step takes mean and variance of the present rows of its batch; absent rows give no statistics. Otherwise they are
    the running ones, frozen parameters that a step with a loss moves: running = momentum * running + (1 - momentum) * batch, with
    the unbiased variance.

    Example: `%y = rnet.batch_norm %x gamma @bn.gamma beta @bn.beta mean @bn.mean variance @bn.variance epsilon 1.0e-3 momentum 0.99 : tensor<?x8x8x24xf32> -> tensor<?x8x8x24xf32>`
  }];
  let assemblyFormat = [{
    $input (`where` $present^)? `gamma` $gamma `beta` $beta `mean` $mean `variance` $variance `epsilon` $epsilon
    `momentum` $momentum (`then` $activation^)? attr-dict `:` type($input) `->` type($output)
  }];
  let extraClassDeclaration = "::rnet::NormalizedAttr getNormalized();";
}

class RNet_BatchNormAdjoint<string mnemonic>
    : RNet_Adjoint<mnemonic, (ins RNet_Rows:$input, RNet_Rows:$gradient),
        (ins FlatSymbolRefAttr:$gamma, FlatSymbolRefAttr:$beta, FlatSymbolRefAttr:$mean, FlatSymbolRefAttr:$variance,
             F64Attr:$epsilon, F64Attr:$momentum,
             DefaultValuedAttr<RNet_ActivationAttr, "::rnet::ir::Activation::None">:$activation), [],
        ["getKernelParameters", "getKernelLiterals", "getKernelState", "couplesRows"]>;

def BatchNormAdjointOp : RNet_BatchNormAdjoint<"batch_norm_adjoint"> {
  let summary = "gradient of the input; sets those of gamma and beta; moves the running statistics where the step has a loss";
  let description = [{
    `gradient` is that of the activation's result where one is fused: relu and relu6 alone, whose derivative follows from
    what the normalisation gives, which is computed again.
  }];
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = [{
    $input `,` $gradient (`where` $present^)? `gamma` $gamma `beta` $beta `mean` $mean `variance` $variance
    `epsilon` $epsilon `momentum` $momentum (`then` $activation^)? attr-dict
    `:` type($input) `,` type($gradient) `->` type($output)
  }];
}
def BatchNormAdjointParametersOp : RNet_BatchNormAdjoint<"batch_norm_adjoint_parameters"> {
  let summary = "rnet.batch_norm_adjoint where the input's gradient is not wanted";
  let assemblyFormat = [{
    $input `,` $gradient (`where` $present^)? `gamma` $gamma `beta` $beta `mean` $mean `variance` $variance
    `epsilon` $epsilon `momentum` $momentum (`then` $activation^)? attr-dict `:` type($input) `,` type($gradient)
  }];
}

//===-- Joining -------------------------------------------------------------------------------===//

def AddOp : RNet_Layer<"add", (ins RNet_Rows:$lhs, RNet_Rows:$rhs),
    (ins DefaultValuedAttr<RNet_ActivationAttr, "::rnet::ir::Activation::None">:$activation), [], ["fuseActivation"]> {
  let summary = "the sum of two branches of one node";
  let description = [{
    Both come from one value of the node, so a row is present in both or in neither.
    Example: `%y = rnet.add %a, %b : tensor<?x8x8x64xf32>, tensor<?x8x8x64xf32> -> tensor<?x8x8x64xf32>`
  }];
  let assemblyFormat = [{
    $lhs `,` $rhs (`where` $present^)? (`then` $activation^)? attr-dict
    `:` type($lhs) `,` type($rhs) `->` type($output)
  }];
}

def ConcatOp : RNet_Layer<"concat", (ins RNet_Rows:$lhs, RNet_Rows:$rhs)> {
  let summary = "the channels of one branch, then those of the other";
  let description = "Example: `%y = rnet.concat %a, %b : tensor<?x8x8x16xf32>, tensor<?x8x8x8xf32> -> tensor<?x8x8x24xf32>`";
  let assemblyFormat = [{
    $lhs `,` $rhs (`where` $present^)? attr-dict `:` type($lhs) `,` type($rhs) `->` type($output)
  }];
}
def SliceOp : RNet_Adjoint<"slice", (ins RNet_Rows:$input), (ins I64Attr:$offset), [Pure]> {
  let summary = "some channels, from `offset` on: the gradient of one operand of a concat";
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = "$input (`where` $present^)? `from` $offset attr-dict `:` type($input) `->` type($output)";
}

//===-- Shape ---------------------------------------------------------------------------------===//

def ReshapeOp : RNet_Op<"reshape", [Pure, DeclareOpInterfaceMethods<LayerOpInterface, ["isView"]>,
                                    DeclareOpInterfaceMethods<AdjointOpInterface>]> {
  let summary = "the same elements in another shape, [] being a flat row";
  let description = [{
    A view: it has no kernel.  Example: `%y = rnet.reshape %x to [] : tensor<?x4x4x8xf32> -> tensor<?x128xf32>`
  }];
  let arguments = (ins RNet_Rows:$input, DenseI64ArrayAttr:$shape);
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = "$input `to` custom<Positions>($shape) attr-dict `:` type($input) `->` type($output)";
}

//===-- Dropout -------------------------------------------------------------------------------===//

def DropoutOp : RNet_ElementwiseLayer<"dropout", (ins F64Attr:$rate, I64Attr:$number), [], ["getKernelLiterals"]> {
  let summary = "in a training step, drops each element with probability `rate` and scales the others by 1 / (1 - rate)";
  let description = [{
    `number` tells the dropout layers of a network apart. Inference programs have none: `rnet-strip-dropout`.
    Example: `%y = rnet.dropout %x rate 0.5 number 0 : tensor<?x128xf32> -> tensor<?x128xf32>`
  }];
  let assemblyFormat = [{
    $input (`where` $present^)? `rate` $rate `number` $number attr-dict `:` type($input) `->` type($output)
  }];
}
def DropoutAdjointOp : RNet_Adjoint<"dropout_adjoint", (ins RNet_Rows:$gradient), (ins F64Attr:$rate, I64Attr:$number),
                                    [Pure], ["getKernelLiterals"]> {
  let summary = "the gradient where the element was kept, scaled as it was";
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = [{
    $gradient (`where` $present^)? `rate` $rate `number` $number attr-dict `:` type($gradient) `->` type($output)
  }];
}

#endif // RNET_STRUCTURE_LAYERS_TD
