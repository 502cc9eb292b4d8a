// What a layer says about itself: everything that a pass needs, so that no pass names a layer.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RNET_INTERFACES_TD
#define RNET_INTERFACES_TD

include "mlir/IR/OpBase.td"

def LayerOpInterface : OpInterface<"LayerOpInterface"> {
  let cppNamespace = "::rnet";
  let description = [{
    A layer: one batch of rows in, one out, row by row. Shapes here are those of a row, without the batch
    dimension. Parameters are symbols in the enclosing network or program.
  }];
  let methods = [
    InterfaceMethod<"Row shape of the result for row shapes of the operands; an error on the op where they cannot meet.",
      "::mlir::FailureOr<::llvm::SmallVector<int64_t>>", "inferRowShape",
      (ins "::llvm::ArrayRef<::llvm::ArrayRef<int64_t>>":$inputs)>,
    InterfaceMethod<"Parameters this layer reads, with their shapes for the row shapes of the operands.",
      "::llvm::SmallVector<::rnet::ParameterUse>", "getParameterUses",
      (ins "::llvm::ArrayRef<::llvm::ArrayRef<int64_t>>":$inputs), "", "return {};">,
    InterfaceMethod<"Multiply-adds for one row; ranked operands.",
      "int64_t", "getMultiplyAdds", (ins), "", "return 0;">,
    InterfaceMethod<[{
        The meaning of the layer on one row, in double precision, as the textbook writes it: slow and obviously right.
        `parameter` gives a parameter's values by its symbol.
      }], "void", "interpretRow",
      (ins "::llvm::ArrayRef<::llvm::ArrayRef<double>>":$inputs,
           "::llvm::function_ref<::llvm::ArrayRef<double>(::llvm::StringRef)>":$parameter,
           "::llvm::MutableArrayRef<double>":$output)>,
    InterfaceMethod<"The activation this layer computes and nothing else, where a layer before it could compute it too.",
      "::std::optional<::rnet::ir::Activation>", "getActivationKind", (ins), "", "return ::std::nullopt;">,
    InterfaceMethod<[{
        Takes over the activation that follows; false where the layer's kernel cannot, or, where the layer `trains`,
        where its adjoint cannot.
      }], "bool", "fuseActivation", (ins "::rnet::ir::Activation":$activation, "bool":$trains), "", "return false;">,
    InterfaceMethod<"Takes a batch normalisation that follows into its weights; false where it cannot.",
      "bool", "foldNormalization", (ins "::rnet::NormalizedAttr":$normalization), "", "return false;">,
    InterfaceMethod<"Computes with such weights from now on, where it is null with those of f32; false where its kernel cannot.",
      "bool", "quantizeWeights", (ins "::rnet::QuantizedAttr":$quantization), "", "return false;">,
    InterfaceMethod<"What its weights, the first of its kernel's parameters, become; null: they stay f32.",
      "::rnet::QuantizedAttr", "getQuantization", (ins), "", "return {};">,
    InterfaceMethod<"Gives its operand another shape and nothing else: no kernel, the same memory.",
      "bool", "isView", (ins), "", "return false;">
  ];
  let verify = "return ::rnet::verifyLayer($_op);";
}

def AdjointOpInterface : OpInterface<"AdjointOpInterface"> {
  let cppNamespace = "::rnet";
  let description = [{
    An op that reverse-mode differentiation can pass through. It builds the ops of its own adjoint.
  }];
  let methods = [
    InterfaceMethod<[{
        Builds, at the builder's place, the gradient with respect to each operand from the gradient of the
        result, and the ops that set parameter gradients. Operand k needs no gradient where !needed[k]; null there.
      }], "::llvm::SmallVector<::mlir::Value>", "buildAdjoint",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Value":$gradient, "::llvm::ArrayRef<bool>":$needed)>,
    InterfaceMethod<"A loss: the backward program starts here, without a gradient from elsewhere.",
      "bool", "isLoss", (ins), "", "return false;">
  ];
}

def KernelOpInterface : OpInterface<"KernelOpInterface"> {
  let cppNamespace = "::rnet";
  let description = [{
    An op that one call of a runtime kernel computes:
      inference  rnet::NAME(present, inputs..., storage, literals..., output)
      training   rnet::train::NAME(step, present, inputs..., parameters..., state, literals..., output)
    A kernel without a result ends with its parameters. All operands but the mask are inputs; the mask is that of
    the last input (the gradient, in an adjoint), and the result has it too unless the op couples rows.
  }];
  let methods = [
    InterfaceMethod<"The optional mask operand, `where %present`.",
      "::mlir::MutableOperandRange", "getPresentMutable", (ins)>,
    InterfaceMethod<"Unqualified name of the kernel with its template arguments, `dense<rnet::Relu>`.",
      "::std::string", "getKernelName", (ins)>,
    InterfaceMethod<"Constants passed to the kernel after storage or parameters (F64Attr, I64Attr).",
      "::llvm::SmallVector<::mlir::Attribute>", "getKernelLiterals", (ins), "", "return {};">,
    InterfaceMethod<"Parameter symbols, in the kernel's order; empty where there are none.",
      "::llvm::SmallVector<::mlir::FlatSymbolRefAttr>", "getKernelParameters", (ins), "", "return {};">,
    InterfaceMethod<[{
        In an inference program, the C++ type of the packed storage of the parameters, `rnet::Dense<23, 250>`;
        empty where there is none. It has a member `load(weights, ...)`.
      }], "::std::string", "getKernelStorage", (ins), "", "return {};">,
    InterfaceMethod<"Arguments of that `load` as C++: by default the names of the parameters, quoted.",
      "::std::string", "getKernelLoad", (ins), "",
      "return ::rnet::quoteNames($_op.getKernelParameters());">,
    InterfaceMethod<[{
        In a training program, the C++ type of what the kernel keeps for its adjoint beside tensors; empty where there
        is nothing. It is shared by the kernels of the same first parameter.
      }], "::std::string", "getKernelState", (ins), "", "return {};">,
    InterfaceMethod<[{
        Does a row of the result depend on other rows of the first input? In an adjoint, rows without a gradient of their
        own then get one: the result is present where the first input is.
      }], "bool", "couplesRows", (ins), "", "return false;">
  ];
}

#endif // RNET_INTERFACES_TD
