// `rnet place`: which skip hyperconnections a network should have.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "Spec.h"

namespace rnet::tools {

struct PlaceOptions {
  std::optional<int64_t> bytes, count; ///< of all new skips together; one of them at least, or:
  std::vector<std::string> take;       ///< names of the candidates that are proposed, in this order
  std::string setting;                 ///< the reliability setting that decides
  bool json = false;
  bool write = false; ///< the proposal into the spec
};

/// Proposes the skip hyperconnections that raise information flow in a setting most, within a
/// budget, or those that it is told: what is proposed, what it gains, and the spec's diff. Returns
/// the exit code: 1 on errors.
int place(const std::string &path, ir::Scheme scheme, const SpecOptions &options,
          const PlaceOptions &how);

} // namespace rnet::tools
