// What the sender of a hyperconnection on standby keeps back.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "held_back.h"

#include "wire.h"

#include <algorithm>

namespace rnet::net {

HeldBack::HeldBack(std::size_t bytes)
    : kept_(std::clamp<std::size_t>(kMostBytes / bytes, 2, kMost)) {
  for (Kept &kept : kept_)
    kept.activation.mutable_values()->reserve(bytes);
  needed_.reserve(kMost);
}

bool HeldBack::is_quiet(GenerationId generation) const {
  return std::ranges::find(quiet_, generation) != quiet_.end();
}

bool HeldBack::keep(const proto::Activation &activation, Time deadline) {
  std::lock_guard lock(mutex_);
  if (!is_quiet(activation.generation()) ||
      std::erase(needed_, Request(activation.generation(), activation.request())) > 0)
    return false;
  Kept &kept = kept_[next_++ % kept_.size()];
  kept.activation = activation;
  kept.deadline = deadline;
  kept.full = true;
  kept.announced = false;
  return true;
}

template <class Wanted> void HeldBack::give_back(Wanted wanted, const Give &give) {
  const Time now = Clock::now();
  for (std::size_t k = 0; k < kept_.size(); ++k) {
    Kept &kept = kept_[(next_ + k) % kept_.size()];
    if (!kept.full || !wanted(kept.activation))
      continue;
    kept.full = false;
    if (kept.deadline > now)
      give(kept.activation, kept.deadline);
  }
}

void HeldBack::hear(const proto::Word &word, const Give &give) {
  std::lock_guard lock(mutex_);
  quiet_.assign(word.quiet().begin(), word.quiet().end());
  give_back([this](const auto &activation) { return !is_quiet(activation.generation()); }, give);
  for (const proto::Word::Need &need : word.needs()) {
    bool found = false;
    give_back(
        [&](const auto &activation) {
          const bool it = activation.generation() == need.generation() &&
                          activation.request() == need.request();
          found |= it;
          return it;
        },
        give);
    if (found)
      continue;
    if (needed_.size() == kMost)
      needed_.erase(needed_.begin());
    needed_.emplace_back(need.generation(), need.request());
  }
}

void HeldBack::announce(std::uint32_t hyperconnection, proto::Beat &beat) {
  const Time now = Clock::now();
  std::lock_guard lock(mutex_);
  for (Kept &kept : kept_) {
    if (!kept.full || std::exchange(kept.announced, true) || kept.deadline <= now)
      continue;
    proto::Beat::Kept &said = *beat.add_kept();
    said.set_hyperconnection(hyperconnection);
    said.set_generation(kept.activation.generation());
    said.set_request(kept.activation.request());
    said.set_remaining_us(remaining_us(kept.deadline));
  }
}

} // namespace rnet::net
