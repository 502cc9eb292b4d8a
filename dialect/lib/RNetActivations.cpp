// What activations mean.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Dialect/Geometry.h"

#include <cmath>

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

double rnet::activate(Activation activation, double x) {
  switch (activation) {
  case Activation::None:
    return x;
  case Activation::Relu:
    return std::max(x, 0.0);
  case Activation::Relu6:
    return std::min(std::max(x, 0.0), 6.0);
  case Activation::Sigmoid:
    return 1 / (1 + std::exp(-x));
  case Activation::Tanh:
    return std::tanh(x);
  case Activation::Gelu:
    return x * (1 + std::erf(x / std::sqrt(2.0))) / 2;
  }
  llvm_unreachable("an activation without a meaning");
}

/// The name of the runtime's functor: that of the enum's case.
static StringRef functor(Activation activation) {
  switch (activation) {
  case Activation::None:
    return "Identity";
  case Activation::Relu:
    return "Relu";
  case Activation::Relu6:
    return "Relu6";
  case Activation::Sigmoid:
    return "Sigmoid";
  case Activation::Tanh:
    return "Tanh";
  case Activation::Gelu:
    return "Gelu";
  }
  llvm_unreachable("an activation without a functor");
}

std::string rnet::spellNextArgument(Activation activation) {
  return activation == Activation::None ? "" : (", rnet::" + functor(activation)).str();
}
std::string rnet::spellActivated(StringRef kernel, Activation activation) {
  return activation == Activation::None ? kernel.str()
                                        : (kernel + "<rnet::" + functor(activation) + ">").str();
}

std::string ActivationAdjointOp::getKernelName() {
  return spellActivated("activate_adjoint", getActivation());
}
