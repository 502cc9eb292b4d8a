// Activations: elementwise functions without parameters. Each is one record here, its meaning in
// rnet::activate, and its functor in the runtime.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RNET_ACTIVATIONS_TD
#define RNET_ACTIVATIONS_TD

include "rnet/Dialect/RNetLayers.td"

// `kind` is a case of RNet_Activation and the name of the runtime's functor. The derivative is written in terms of
// `known`: the result, so that buffers are shared sooner, or the input where the result does not determine it.
class RNet_ActivationLayer<string mnemonic, string kind, string known = "getOutput()">
    : RNet_ElementwiseLayer<mnemonic, (ins), ["getActivationKind"]> {
  let assemblyFormat = "$input (`where` $present^)? attr-dict `:` type($input) `->` type($output)";
  let extraClassDefinition = [{
    ::mlir::FailureOr<::llvm::SmallVector<int64_t>> $cppClass::inferRowShape(::llvm::ArrayRef<::llvm::ArrayRef<int64_t>> inputs) {
      return ::llvm::to_vector(inputs[0]);
    }
    void $cppClass::interpretRow(::llvm::ArrayRef<::llvm::ArrayRef<double>> inputs,
                                 ::llvm::function_ref<::llvm::ArrayRef<double>(::llvm::StringRef)>,
                                 ::llvm::MutableArrayRef<double> output) {
      for (auto [x, y] : ::llvm::zip_equal(inputs[0], output))
        y = ::rnet::activate(::rnet::ir::Activation::}] # kind # [{, x);
    }
    ::llvm::SmallVector<::mlir::Value> $cppClass::buildAdjoint(::mlir::OpBuilder &builder, ::mlir::Value gradient,
                                                               ::llvm::ArrayRef<bool>) {
      return {ActivationAdjointOp::create(builder, getLoc(), getInput().getType(), ::rnet::ir::Activation::}] # kind # [{,
                                          }] # known # [{, gradient, ::mlir::Value()).getOutput()};
    }
    ::std::optional<::rnet::ir::Activation> $cppClass::getActivationKind() {
      return ::rnet::ir::Activation::}] # kind # [{;
    }
    ::std::string $cppClass::getKernelName() { return "activate<rnet::}] # kind # [{>"; }
  }];
}

def ReluOp : RNet_ActivationLayer<"relu", "Relu"> {
  let summary = "max(x, 0)";
  let description = "Example: `%y = rnet.relu %x : tensor<?x250xf32> -> tensor<?x250xf32>`";
}
def Relu6Op : RNet_ActivationLayer<"relu6", "Relu6"> {
  let summary = "min(max(x, 0), 6)";
}
def SigmoidOp : RNet_ActivationLayer<"sigmoid", "Sigmoid"> {
  let summary = "1 / (1 + exp(-x))";
}
def TanhOp : RNet_ActivationLayer<"tanh", "Tanh"> {
  let summary = "the hyperbolic tangent";
}
def GeluOp : RNet_ActivationLayer<"gelu", "Gelu", "getInput()"> {
  let summary = "x * (1 + erf(x / sqrt 2)) / 2";
}

def ActivationAdjointOp : RNet_KernelOp<"activation_adjoint", (ins RNet_Rows:$known, RNet_Rows:$gradient),
    (ins RNet_ActivationAttr:$activation), [Pure, DeclareOpInterfaceMethods<KernelOpInterface>]> {
  let summary = "the gradient times the derivative of an activation";
  let description = [{
    `known` is the activation's result, or its input where the result does not determine the derivative (gelu).
    Example: `%gx = rnet.activation_adjoint relu %y, %g : tensor<?x250xf32>, tensor<?x250xf32> -> tensor<?x250xf32>`
  }];
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = [{
    $activation $known `,` $gradient (`where` $present^)? attr-dict `:` type($known) `,` type($gradient) `->` type($output)
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$type, "::rnet::ir::Activation":$kind, "::mlir::Value":$known,
                                 "::mlir::Value":$gradient, "::mlir::Value":$present), [{
    build($_builder, $_state, type, known, gradient, present,
          ::rnet::ActivationAttr::get($_builder.getContext(), kind));
  }]>];
}

#endif // RNET_ACTIVATIONS_TD
