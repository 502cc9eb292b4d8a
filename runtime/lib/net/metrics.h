// The counters of a node and of its door as Prometheus reads them. Nothing is counted here: whoever
// counts does so anyway, and is asked when somebody looks.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "gateway.h"

#include <string>
#include <vector>

namespace rnet::net {

/// What a node has counted since its start.
struct NodeCounters {
  std::uint64_t requests = 0;
  std::uint64_t runs = 0;                         ///< of the node's program
  std::vector<std::uint64_t> absent;              ///< [input of the node]
  std::vector<std::uint64_t> suspicions, rejoins; ///< [node]: of that sender
  std::vector<std::uint64_t> sent_bytes;          ///< [hyperconnection]: of tensors
  std::vector<std::pair<std::string_view, std::uint64_t>> dropped; ///< messages, by reason
};

/// Prometheus' text format.
std::string metrics_text(const NetworkDescription &network, std::size_t node,
                         const NodeCounters &counters, const Gateway &gateway);

} // namespace rnet::net
