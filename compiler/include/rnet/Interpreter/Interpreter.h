// The reference interpreter of a network: slow, in double precision, and the definition of what is
// right. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <functional>
#include <optional>
#include <vector>

namespace rnet {

/// A row: its elements, or absent.
using Row = std::optional<std::vector<double>>;

/// What a network answers for an output.
struct Interpretation {
  Row row;
  ExitOp exit; ///< that answered; null: the output itself
};

/// Interprets a network op with known shapes and selected scheme (after buildNetworkPipeline,
/// before anything else). It knows nothing of programs, masks, plans or kernels: one row at a time,
/// node by node, as the dialect's documentation says.
class Interpreter {
public:
  /// `parameter` gives the values of a parameter by name, row-major. The network must outlive this.
  Interpreter(NetworkOp network, std::function<llvm::ArrayRef<double>(llvm::StringRef)> parameter)
      : network(network), parameter(std::move(parameter)) {}

  /// The outputs, in the network's order, for one row of each input (by name; a missing one is
  /// absent) while the nodes in `down` are down and the hyperconnections in `cut` bring nothing.
  /// Where an output is absent, its first exit that is present answers.
  llvm::SmallVector<Interpretation> run(const llvm::StringMap<std::vector<double>> &inputs,
                                        const llvm::StringSet<> &down,
                                        const llvm::StringSet<> &cut) const;

private:
  NetworkOp network;
  std::function<llvm::ArrayRef<double>(llvm::StringRef)> parameter;
};

} // namespace rnet
