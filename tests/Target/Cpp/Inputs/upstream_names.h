// The names of arguments, which upstream's printer of EmitC makes up for itself (v1, v2, ...) while
// the code in the functions has ours.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/inference.h"

extern const rnet::WeightsFile &weights;
extern const std::span<const rnet::Tensor<const float>> inputs;
extern const std::span<const rnet::Tensor<float>> outputs;
extern rnet::Arena &arena;
