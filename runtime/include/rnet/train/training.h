// All that a generated training program uses.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/arena.h"
#include "rnet/train/kernels.h"
#include "rnet/train/node_trainer.h"
#include "rnet/train/parameter_store.h"
