// Layers of images [height, width, channels]: convolutions, pooling, padding, and their adjoints.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RNET_IMAGE_LAYERS_TD
#define RNET_IMAGE_LAYERS_TD

include "rnet/Dialect/RNetLayers.td"

//===-- Convolutions --------------------------------------------------------------------------===//

def ConvOp : RNet_Layer<"conv", (ins RNet_Rows:$input),
    (ins I64Attr:$filters, RNet_WindowAttr:$window, FlatSymbolRefAttr:$weight, OptionalAttr<FlatSymbolRefAttr>:$bias,
         OptionalAttr<RNet_NormalizedAttr>:$normalized, OptionalAttr<RNet_QuantizedAttr>:$quantized,
         DefaultValuedAttr<RNet_ActivationAttr, "::rnet::ir::Activation::None">:$activation), [],
    ["getParameterUses", "getMultiplyAdds", "fuseActivation", "foldNormalization", "quantizeWeights",
     "getQuantization"],
    ["getKernelParameters", "getKernelStorage", "getKernelLoad"]> {
  let summary = "convolution: each filter sees all channels under the window";
  let description = [{
    The weight is [filters, channels, kernel height, kernel width], the bias [filters]. `quantized`, `normalized` and `then`
    are as in `rnet.dense`.

    Example: `%y = rnet.conv %x filters 24 window <kernel = [3, 3], stride = [1, 1]> weight @iot.conv1.weight bias @iot.conv1.bias : tensor<?x32x32x3xf32> -> tensor<?x32x32x24xf32>`
  }];
  let assemblyFormat = [{
    $input (`where` $present^)? `filters` $filters `window` $window `weight` $weight (`bias` $bias^)?
    (`normalized` $normalized^)? (`quantized` $quantized^)? (`then` $activation^)? attr-dict `:` type($input) `->` type($output)
  }];
}

def DepthwiseConvOp : RNet_Layer<"depthwise_conv", (ins RNet_Rows:$input),
    (ins RNet_WindowAttr:$window, FlatSymbolRefAttr:$weight, OptionalAttr<FlatSymbolRefAttr>:$bias,
         OptionalAttr<RNet_NormalizedAttr>:$normalized,
         DefaultValuedAttr<RNet_ActivationAttr, "::rnet::ir::Activation::None">:$activation), [],
    ["getParameterUses", "getMultiplyAdds", "fuseActivation", "foldNormalization"],
    ["getKernelParameters", "getKernelStorage", "getKernelLoad"]> {
  let summary = "convolution of each channel by a filter of its own";
  let description = [{
    The weight is [channels, 1, kernel height, kernel width], the bias [channels].

    Example: `%y = rnet.depthwise_conv %x window <kernel = [3, 3], stride = [2, 2]> weight @edge.depthwise_conv1.weight : tensor<?x32x32x24xf32> -> tensor<?x16x16x24xf32>`
  }];
  let assemblyFormat = [{
    $input (`where` $present^)? `window` $window `weight` $weight (`bias` $bias^)? (`normalized` $normalized^)?
    (`then` $activation^)? attr-dict `:` type($input) `->` type($output)
  }];
}

class RNet_ConvAdjointInput<string mnemonic>
    : RNet_Adjoint<mnemonic, (ins RNet_Rows:$gradient), (ins RNet_WindowAttr:$window, FlatSymbolRefAttr:$weight),
                   [Pure], ["getKernelParameters"]> {
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = [{
    $gradient (`where` $present^)? `window` $window `weight` $weight attr-dict `:` type($gradient) `->` type($output)
  }];
}
class RNet_ConvAdjointParameters<string mnemonic>
    : RNet_Adjoint<mnemonic, (ins RNet_Rows:$input, RNet_Rows:$gradient),
                   (ins RNet_WindowAttr:$window, FlatSymbolRefAttr:$weight, OptionalAttr<FlatSymbolRefAttr>:$bias), [],
                   ["getKernelParameters"]> {
  let assemblyFormat = [{
    $input `,` $gradient (`where` $present^)? `window` $window `weight` $weight (`bias` $bias^)? attr-dict
    `:` type($input) `,` type($gradient)
  }];
}

def ConvAdjointInputOp : RNet_ConvAdjointInput<"conv_adjoint_input"> {
  let summary = "gradient of a convolution's input";
}
def ConvAdjointParametersOp : RNet_ConvAdjointParameters<"conv_adjoint_parameters"> {
  let summary = "sets the gradients of a convolution's parameters";
}
def DepthwiseConvAdjointInputOp : RNet_ConvAdjointInput<"depthwise_conv_adjoint_input"> {
  let summary = "gradient of a depthwise convolution's input";
}
def DepthwiseConvAdjointParametersOp : RNet_ConvAdjointParameters<"depthwise_conv_adjoint_parameters"> {
  let summary = "sets the gradients of a depthwise convolution's parameters";
}

//===-- Pooling -------------------------------------------------------------------------------===//

class RNet_WindowLayer<string mnemonic> : RNet_Layer<mnemonic, (ins RNet_Rows:$input), (ins RNet_WindowAttr:$window)> {
  let assemblyFormat = "$input (`where` $present^)? `window` $window attr-dict `:` type($input) `->` type($output)";
}

def MaxPoolOp : RNet_WindowLayer<"max_pool"> {
  let summary = "the largest value under the window, channel by channel; padding does not count";
  let description = "Example: `%y = rnet.max_pool %x window <kernel = [2, 2], stride = [2, 2], pad = [0, 0, 0, 0]> : tensor<?x32x32x8xf32> -> tensor<?x16x16x8xf32>`";
}
def MaxPoolAdjointOp : RNet_Adjoint<"max_pool_adjoint", (ins RNet_Rows:$input, RNet_Rows:$pooled, RNet_Rows:$gradient),
                                    (ins RNet_WindowAttr:$window), [Pure]> {
  let summary = "the gradient, to the first of the largest values under each window";
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = [{
    $input `,` $pooled `,` $gradient (`where` $present^)? `window` $window attr-dict
    `:` type($input) `,` type($pooled) `,` type($gradient) `->` type($output)
  }];
}

def AvgPoolOp : RNet_WindowLayer<"avg_pool"> {
  let summary = "the mean of the values under the window that are inside the image, channel by channel";
}
def AvgPoolAdjointOp : RNet_Adjoint<"avg_pool_adjoint", (ins RNet_Rows:$gradient), (ins RNet_WindowAttr:$window), [Pure]> {
  let summary = "the gradient, in equal parts to the values under each window";
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = [{
    $gradient (`where` $present^)? `window` $window attr-dict `:` type($gradient) `->` type($output)
  }];
}

def GlobalAvgPoolOp : RNet_ElementwiseLayer<"global_avg_pool"> {
  let summary = "the mean of each channel over the image";
  let description = "Example: `%y = rnet.global_avg_pool %x : tensor<?x4x4x768xf32> -> tensor<?x768xf32>`";
  let assemblyFormat = "$input (`where` $present^)? attr-dict `:` type($input) `->` type($output)";
}
def GlobalAvgPoolAdjointOp : RNet_Adjoint<"global_avg_pool_adjoint", (ins RNet_Rows:$gradient), (ins), [Pure]> {
  let summary = "the gradient, in equal parts to each pixel";
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = "$gradient (`where` $present^)? attr-dict `:` type($gradient) `->` type($output)";
}

//===-- Padding -------------------------------------------------------------------------------===//

def ZeroPadOp : RNet_Layer<"zero_pad", (ins RNet_Rows:$input), (ins DenseI64ArrayAttr:$pad)> {
  let summary = "zeros around an image: top, bottom, left, right";
  let description = "Example: `%y = rnet.zero_pad %x by [0, 1, 0, 1] : tensor<?x7x7x384xf32> -> tensor<?x8x8x384xf32>`";
  let assemblyFormat = [{
    $input (`where` $present^)? `by` custom<Positions>($pad) attr-dict `:` type($input) `->` type($output)
  }];
}
def ZeroPadAdjointOp : RNet_Adjoint<"zero_pad_adjoint", (ins RNet_Rows:$gradient), (ins DenseI64ArrayAttr:$pad), [Pure]> {
  let summary = "the gradient without the border";
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = [{
    $gradient (`where` $present^)? `by` custom<Positions>($pad) attr-dict `:` type($gradient) `->` type($output)
  }];
}

#endif // RNET_IMAGE_LAYERS_TD
