// The command line of an evaluator, NET-evaluate.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/network.h"
#include "rnet/core/program.h"

#include <span>

namespace rnet::evaluate {

/// Measures accuracy under every failure pattern. `programs` are in node order, not yet loaded.
/// Returns the exit code; says on stderr what went wrong.
int main(int argc, char **argv, const NetworkDescription &network,
         std::span<Program *const> programs);

} // namespace rnet::evaluate
