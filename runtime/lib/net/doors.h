// The doors of a node for clients: the Open Inference Protocol over HTTP and gRPC, and over HTTP
// also health, metrics and a status page.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "metrics.h"

#include "rnet/core/network.h"
#include "rnet/core/status.h"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace rnet::net {

struct DoorOptions {
  std::string http, grpc;       ///< addresses; empty: no such door
  unsigned deadline_ms = 1'000; ///< of a request that has none

  bool any() const { return !http.empty() || !grpc.empty(); }
};

/// All members from any thread; the network, the traffic and what `counters` looks at outlive it.
class Doors {
public:
  /// `addresses` by node; those of the output's node and of the inputs' must be there.
  /// `credentials` are a client's; none: nodes talk in plain text.
  static Expected<std::unique_ptr<Doors>> open(const DoorOptions &options,
                                               const NetworkDescription &network, std::size_t node,
                                               const std::map<std::string, std::string> &addresses,
                                               const Credentials &credentials, Traffic &traffic,
                                               std::function<NodeCounters()> counters);
  /// Gives up what is still in flight.
  ~Doors();

  /// Where they are, ports filled in; empty where there is no such door.
  const std::string &http() const;
  const std::string &grpc() const;

  /// From now on no request is taken, and none is ready to be.
  void stop();
  /// All requests have been answered.
  bool idle() const;

private:
  struct State;
  explicit Doors(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

} // namespace rnet::net
