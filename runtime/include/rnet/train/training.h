// All that a generated training program uses.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/arena.h"
#include "rnet/train/activations.h"
#include "rnet/train/batch_norm.h"
#include "rnet/train/combine.h"
#include "rnet/train/conv.h"
#include "rnet/train/depthwise_conv.h"
#include "rnet/train/dropout.h"
#include "rnet/train/kernels.h"
#include "rnet/train/node_trainer.h"
#include "rnet/train/parameter_store.h"
#include "rnet/train/pooling.h"
