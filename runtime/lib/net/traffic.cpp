// Which generation of weights a request takes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "traffic.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace rnet::net {

void Traffic::hold(std::vector<GenerationId> held) {
  std::lock_guard lock(mutex_);
  held_ = std::move(held);
  update();
}

void Traffic::wish(const std::optional<Wish> &wish) {
  std::lock_guard lock(mutex_);
  wish_ = wish;
  update();
}

void Traffic::complete(std::vector<GenerationId> complete) {
  std::lock_guard lock(mutex_);
  complete_ = std::move(complete);
  update();
}

void Traffic::update() {
  const auto has = [](const std::vector<GenerationId> &all, GenerationId id) {
    return std::ranges::find(all, id) != all.end();
  };
  Shares shares;
  for (GenerationId id : held_)
    shares.emplace_back(id, 0);
  const auto wished = std::ranges::find_if(
      shares, [&](const auto &share) { return wish_ && share.first == wish_->generation; });
  const auto other = std::ranges::find_if(
      shares, [&](const auto &share) { return !wish_ || share.first != wish_->generation; });
  double part = 0;
  if (wished != shares.end()) {
    part = other == shares.end() ? 1 : has(complete_, wished->first) ? wish_->share : 0;
    wished->second = part;
  }
  if (other != shares.end())
    other->second = 1 - part;
  if (shares == shares_)
    return;
  const Shares before = std::exchange(shares_, std::move(shares));
  due_ = 0;
  if (before.empty() && shares_.size() == 1)
    return; // there never was a choice
  for (const auto &[id, share] : shares_) {
    if (share == 0 || std::ranges::find(before, std::pair(id, share)) != before.end())
      continue;
    const std::string name = name_of_generation(id);
    char number[32];
    std::snprintf(number, sizeof number, "%g", share);
    log_.say("traffic",
             share == 1
                 ? "lets all requests take generation " + name
                 : "lets " + std::string(number) + " of the requests take generation " + name,
             {{"generation", name}, {"share", number}});
  }
}

GenerationId Traffic::choose() {
  std::lock_guard lock(mutex_);
  // Two at most have a share: the wished one, or else the first, and another.
  const auto first =
      std::ranges::find_if(shares_, [](const auto &share) { return share.second > 0; });
  const auto last = std::find_if(shares_.rbegin(), shares_.rend(),
                                 [](const auto &share) { return share.second > 0; });
  due_ += last->second;
  if (due_ < 1 - 1e-9)
    return first->first;
  due_ -= 1;
  return last->first;
}

bool Traffic::holds(GenerationId generation) const {
  std::lock_guard lock(mutex_);
  return std::ranges::find(held_, generation) != held_.end();
}

Traffic::Shares Traffic::shares() const {
  std::lock_guard lock(mutex_);
  return shares_;
}

} // namespace rnet::net
