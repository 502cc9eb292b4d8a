// `rnet build`: sources, and binaries from them.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "Spec.h"

namespace rnet::tools {

/// What nodes talk through: programs of ours over gRPC, or what the user brings.
enum class Transport { Grpc, None };

struct BuildOptions {
  std::string directory; ///< DIR: sources in src/, programs in bin/ (libraries in lib/ where there
                         ///< is no transport), network.json, the spec and what it imports in spec/
  Transport transport = Transport::Grpc;
  std::string march; ///< of nodes; empty: programs for several levels, libraries for this machine
  unsigned jobs = 2;
};

/// Generates, configures and compiles. Sources that did not change keep their time stamps, so that
/// a second build is short. What the C++ compiler says goes to DIR/build.log, and to stderr where
/// it fails.
int build(const std::string &path, ir::Scheme scheme, const SpecOptions &options,
          const BuildOptions &build);

} // namespace rnet::tools
