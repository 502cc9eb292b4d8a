// All that a generated inference program uses.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/activation.h"
#include "rnet/core/dense.h"
#include "rnet/core/join.h"
#include "rnet/core/loader.h"
#include "rnet/core/math.h"
#include "rnet/core/normalization.h"
#include "rnet/core/program.h"
