// Which generation of weights a request takes, at a door.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "log.h"

#include "rnet/net/generation.h"

#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace rnet::net {

/// What part of the requests is to take a generation, from 0 to 1; the others take the other one.
struct Wish {
  GenerationId generation;
  double share;
  bool operator==(const Wish &) const = default;
};

/// Without a wish, requests take the oldest generation that the door's node holds. With one, the
/// wished generation gets its share as long as every node that is up has it. Says what changes. All
/// members from any thread; the log outlives it.
class Traffic {
public:
  /// Parts of the requests by generation, the oldest first; they sum to 1.
  using Shares = std::vector<std::pair<GenerationId, double>>;

  explicit Traffic(const Log &log) : log_(log) {}

  /// Those that the door's node holds, the oldest first; at least one, before anything else.
  void hold(std::vector<GenerationId> held);
  void wish(const std::optional<Wish> &wish);
  /// Those that every node has that is up.
  void complete(std::vector<GenerationId> complete);

  /// For the next request. Shares are kept as closely as whole requests can. Allocates nothing.
  GenerationId choose();
  bool holds(GenerationId generation) const;
  Shares shares() const;

private:
  /// Draws the conclusions, with the lock; says what is new.
  void update();

  const Log &log_;
  mutable std::mutex mutex_;
  std::vector<GenerationId> held_, complete_;
  std::optional<Wish> wish_;
  Shares shares_;
  double due_ = 0; ///< what the last one has not got of its share, in requests
};

} // namespace rnet::net
