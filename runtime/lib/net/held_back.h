// What the sender of a hyperconnection on standby keeps back until its receiver asks for it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "node.pb.h"

#include "rnet/net/failure_detector.h"
#include "rnet/net/generation.h"

#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace rnet::net {

/// The last activations of one hyperconnection, in memory that is there from the start. Until its
/// receiver has spoken, and when it is not heard any more, nothing is kept back. All members from
/// any thread; `give` is called with the lock, so that an activation is either given or refused.
class HeldBack {
public:
  /// So many are kept, as many as a door has rows in flight, or fewer, but two at least, where they
  /// take more bytes; as many needs are remembered.
  static constexpr std::size_t kMost = 128, kMostBytes = 16 << 20;
  using Give = std::function<void(const proto::Activation &, Time deadline)>;

  /// `bytes` of a present tensor.
  explicit HeldBack(std::size_t bytes);

  /// Keeps an activation for later, in place of the oldest; false where the receiver wants it now.
  bool keep(const proto::Activation &activation, Time deadline);
  /// The receiver's word; an empty one where it is not heard any more. Gives what it now wants, the
  /// oldest first, but what is too late. What it needs and is still to come will not be kept.
  void hear(const proto::Word &word, const Give &give);
  /// Adds to a beat what was kept since the last time.
  void announce(std::uint32_t hyperconnection, proto::Beat &beat);

private:
  struct Kept {
    proto::Activation activation;
    Time deadline{};
    bool full = false, announced = false;
  };
  using Request = std::pair<GenerationId, std::uint64_t>;

  bool is_quiet(GenerationId generation) const;
  template <class Wanted> void give_back(Wanted wanted, const Give &give);

  std::mutex mutex_;
  std::vector<Kept> kept_; ///< a ring
  std::size_t next_ = 0;
  std::vector<GenerationId> quiet_; ///< those of which nothing is sent unasked
  std::vector<Request> needed_;     ///< still to come
};

} // namespace rnet::net
