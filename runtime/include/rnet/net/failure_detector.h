// Decides from heartbeats whether a sender is alive, suspect or down. Pure: time is an argument.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>

namespace rnet::net {

using Clock = std::chrono::steady_clock;
using Time = Clock::time_point;
using Duration = Clock::duration;

enum class PeerState { down, rejoining, alive, suspect };

/// Suspect past clamp(mean + 4 sigma of the beats' intervals, least, 10 least) of silence, down
/// past three times that; alive again after `kRejoinBeats` good beats. One user at a time.
class FailureDetector {
public:
  static constexpr int kRejoinBeats = 3;
  static constexpr std::chrono::milliseconds kLeast{50};

  explicit FailureDetector(Duration least = kLeast)
      : least_(std::chrono::duration<double>(least).count()) {}

  void beat(Time now) {
    if (state_ == PeerState::down) {
      state_ = PeerState::rejoining;
      good_ = 0;
      mean_ = variance_ = 0;
    } else {
      const double interval = std::chrono::duration<double>(now - last_).count();
      // Exponential averages over some twenty beats.
      const double difference = interval - mean_;
      mean_ += difference / 20;
      variance_ += (difference * difference - variance_) / 20;
    }
    last_ = now;
    if (state_ == PeerState::suspect)
      state_ = PeerState::alive;
    if (state_ == PeerState::rejoining && ++good_ >= kRejoinBeats)
      state_ = PeerState::alive;
  }

  /// The stream broke: down at once.
  void broken() { state_ = PeerState::down; }

  /// Counts the silence until `now`. `late` is how much later than planned the caller itself runs:
  /// a machine that is busy here says nothing of the sender.
  PeerState check(Time now, Duration late = {}) {
    if (state_ == PeerState::down)
      return state_;
    const double silence = std::chrono::duration<double>(now - last_ - 2 * late).count();
    const double limit = std::clamp(mean_ + 4 * std::sqrt(variance_), least_, 10 * least_);
    if (silence > 3 * limit)
      state_ = PeerState::down;
    else if (silence > limit && state_ == PeerState::alive)
      state_ = PeerState::suspect;
    return state_;
  }
  PeerState state() const { return state_; }

private:
  double least_; // seconds
  PeerState state_ = PeerState::down;
  Time last_{};
  double mean_ = 0, variance_ = 0;
  int good_ = 0;
};

} // namespace rnet::net
