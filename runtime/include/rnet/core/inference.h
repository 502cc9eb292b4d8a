// All that a generated inference program uses.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/activation.h"
#include "rnet/core/average.h"
#include "rnet/core/batch_norm.h"
#include "rnet/core/combine.h"
#include "rnet/core/conv.h"
#include "rnet/core/conv_int8.h"
#include "rnet/core/dense.h"
#include "rnet/core/dense_int8.h"
#include "rnet/core/depthwise_conv.h"
#include "rnet/core/element.h"
#include "rnet/core/factor.h"
#include "rnet/core/join.h"
#include "rnet/core/loader.h"
#include "rnet/core/math.h"
#include "rnet/core/normalization.h"
#include "rnet/core/pooling.h"
#include "rnet/core/program.h"
