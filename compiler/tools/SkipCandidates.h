// The skip hyperconnections that a network could have and has not.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "Spec.h"

namespace rnet::tools {

struct SkipCandidate {
  std::string from, to;   ///< nodes
  std::string projection; ///< a layer, as a spec writes it; empty where none is needed
  std::string text;       ///< the item of the spec
  std::string reason;     ///< why it cannot be; empty where it can

  std::string name() const { return from + "_to_" + to; } ///< of the hyperconnection
};

/// One for each pair of nodes that a chain of simple hyperconnections joins around another node and
/// no hyperconnection joins yet, in the order of the spec: by sender, then by receiver. Those that
/// cannot be have a reason. The spec has passed compileNetwork.
std::vector<SkipCandidate> findSkipCandidates(const Spec &spec);

} // namespace rnet::tools
