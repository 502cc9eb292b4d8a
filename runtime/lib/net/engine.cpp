// One node at work.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/net/engine.h"

#include <algorithm>
#include <bit>

namespace rnet::net {

/// Kept back from a deadline for each node that follows.
static constexpr auto kHop = std::chrono::milliseconds(3);

Engine::Engine(const NetworkDescription &network, std::size_t node, const Program &program,
               Outbox &outbox)
    : network_(network), node_(network.nodes[node]), program_(program), outbox_(outbox),
      holds_output_(network.outputs[0].node == node), outgoing_(node_.result_widths.size()),
      arena_(program.arena_plan(), 1), finished_(4 * kMaxOpen, kNone), alive_(node_.inputs.size()) {
  for (std::size_t k = 0; k < node_.inputs.size(); ++k) {
    const Source &source = node_.inputs[k];
    const bool given = source.kind == Source::Kind::network_input;
    alive_[k] = given;
    inputs_.emplace_back(ArenaPlan{row_stride(given ? network.inputs[source.index].width
                                                    : network.hyperconnections[source.index].width),
                                   1},
                         1);
  }
  for (std::size_t width : node_.result_widths)
    outputs_.emplace_back(ArenaPlan{row_stride(width), 1}, 1);

  // The longest way from here to the output.
  std::vector<int> hops(network.nodes.size(), -1);
  hops[network.outputs[0].node] = 0;
  for (std::size_t from = network.nodes.size(); from-- > 0;)
    for (const HyperconnectionDescription &connection : network.hyperconnections)
      if (connection.from == from && hops[connection.to] >= 0)
        hops[from] = std::max(hops[from], hops[connection.to] + 1);
  downstream_ = std::max(0, hops[node]) * kHop;
  for (std::size_t k = 0; k < network.hyperconnections.size(); ++k)
    if (network.hyperconnections[k].from == node)
      outgoing_[network.hyperconnections[k].result].push_back(k);
  thread_ = std::thread([this] { work(); });
}

Engine::~Engine() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
  for (auto &[request, slot] : slots_)
    if (slot.done)
      slot.done({false, "the node is stopping", {}, 0});
}

bool Engine::is_finished(std::uint64_t request) const {
  return std::find(finished_.begin(), finished_.end(), request) != finished_.end();
}

Engine::Slot &Engine::open(std::uint64_t request, Time deadline) {
  auto [found, is_new] = slots_.try_emplace(request);
  Slot &slot = found->second;
  if (is_new) {
    slot.arrived.resize(node_.inputs.size());
    slot.deadline = deadline;
    // At most half of what is left goes to the nodes behind.
    const Duration left = std::max(Duration::zero(), deadline - Clock::now());
    slot.fires_at = deadline - std::min(downstream_, left / 2);
    ++counters_.requests;
    if (slots_.size() > kMaxOpen) {
      auto oldest = slots_.begin()->first == request ? std::next(slots_.begin()) : slots_.begin();
      if (oldest->second.done)
        oldest->second.done({false, "too many requests", {}, 0});
      slots_.erase(oldest);
      ++counters_.dropped;
    }
  }
  return slot;
}

bool Engine::arrive(std::size_t input, Message message) {
  {
    std::lock_guard lock(mutex_);
    if (is_finished(message.request)) {
      ++counters_.dropped;
      return false;
    }
    Slot &slot = open(message.request, message.deadline);
    if (slot.arrived[input]) {
      ++counters_.dropped;
      return false;
    }
    slot.arrived[input] = std::move(message);
  }
  wake_.notify_one();
  return true;
}

void Engine::set_alive(std::size_t input, bool alive) {
  {
    std::lock_guard lock(mutex_);
    if (alive_[input] == alive)
      return;
    alive_[input] = alive;
  }
  wake_.notify_one();
}

bool Engine::alive(std::size_t input) const {
  std::lock_guard lock(mutex_);
  return alive_[input];
}

bool Engine::fed() const {
  std::lock_guard lock(mutex_);
  return std::find(alive_.begin(), alive_.end(), true) != alive_.end();
}

void Engine::collect(std::uint64_t request, Time deadline,
                     std::function<void(const Reply &)> done) {
  Reply reply{false, "the request is done already, or somebody else waits for it", {}, 0};
  {
    std::lock_guard lock(mutex_);
    if (auto early = uncollected_.find(request); early != uncollected_.end()) {
      reply = std::move(early->second);
      uncollected_.erase(early);
    } else if (firing_ == request && !firing_done_) {
      firing_done_ = std::exchange(done, nullptr);
    } else if (!is_finished(request)) {
      Slot &slot = open(request, deadline);
      if (!slot.done) {
        slot.done = std::move(done);
        done = nullptr;
      }
    }
  }
  if (done)
    done(reply);
  wake_.notify_one();
}

Engine::Counters Engine::counters() const {
  std::lock_guard lock(mutex_);
  return counters_;
}

/// No input that is still to come can change what the mux takes.
bool Engine::settled(const Slot &slot) const {
  std::uint64_t present = 0, unknown = 0, skips = 0;
  for (std::size_t k = 0; k < slot.arrived.size(); ++k)
    if (slot.arrived[k])
      present |= std::uint64_t(slot.arrived[k]->present) << k;
    else if (alive_[k])
      unknown |= std::uint64_t(1) << k;
  if (node_.mux.kind == MuxKind::sum)
    return unknown == 0;
  for (const StandIn &group : node_.mux.stand_ins)
    skips |= group.members;
  if (unknown & ~skips)
    return false;
  // Every simple input is known. A stand-in that is on its way matters only if it would be taken.
  return (node_.mux.taken(present | unknown) & unknown) == 0;
}

void Engine::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const Time now = Clock::now();
    Time next = now + std::chrono::seconds(1);
    auto ready = slots_.end();
    for (auto slot = slots_.begin(); slot != slots_.end(); ++slot) {
      if (settled(slot->second) || slot->second.fires_at <= now) {
        ready = slot;
        break;
      }
      next = std::min(next, slot->second.fires_at);
    }
    if (ready == slots_.end()) {
      wake_.wait_until(lock, next);
      continue;
    }
    const std::uint64_t request = ready->first;
    Slot slot = std::move(ready->second);
    slots_.erase(ready);
    finished_[next_finished_++ % finished_.size()] = request;
    firing_ = request;
    firing_done_ = std::move(slot.done);
    lock.unlock();
    Reply reply = fire(request, slot);
    lock.lock();
    firing_ = kNone;
    auto done = std::exchange(firing_done_, nullptr);
    if (done) {
      lock.unlock();
      done(reply);
      lock.lock();
    } else if (holds_output_) {
      uncollected_[request] = std::move(reply);
      if (uncollected_.size() > kMaxOpen)
        uncollected_.erase(uncollected_.begin());
    }
  }
}

Reply Engine::fire(std::uint64_t request, const Slot &slot) {
  std::vector<Tensor<const float>> inputs;
  std::vector<Tensor<float>> outputs;
  std::uint64_t present = 0;
  for (std::size_t k = 0; k < inputs_.size(); ++k) {
    const BasicArena<float> memory = inputs_[k].arena(1);
    float *values = memory.rows<1>(0).data;
    const bool is_present = slot.arrived[k] && slot.arrived[k]->present;
    if (is_present)
      std::copy(slot.arrived[k]->values.begin(), slot.arrived[k]->values.end(), values);
    memory.mask(0).rows[0] = is_present;
    present |= std::uint64_t(is_present) << k;
    const Source &source = node_.inputs[k];
    inputs.push_back({values,
                      source.kind == Source::Kind::network_input
                          ? network_.inputs[source.index].width
                          : network_.hyperconnections[source.index].width,
                      memory.mask(0)});
  }
  for (std::size_t k = 0; k < outputs_.size(); ++k) {
    const BasicArena<float> memory = outputs_[k].arena(1);
    outputs.push_back({memory.rows<1>(0).data, node_.result_widths[k], memory.mask(0)});
  }
  Arena arena = arena_.arena(1);
  program_.infer(inputs, outputs, arena);

  UsedSet used = 0;
  for (std::uint64_t taken = node_.mux.taken(present); taken; taken &= taken - 1) {
    const auto k = static_cast<std::size_t>(std::countr_zero(taken));
    used |= slot.arrived[k]->used;
    if (node_.inputs[k].kind == Source::Kind::hyperconnection)
      used |= UsedSet(1) << node_.inputs[k].index;
  }
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    Message message{request, slot.deadline, outputs[k].present[0], used, {}};
    if (message.present)
      message.values.assign(outputs[k].data, outputs[k].data + outputs[k].width);
    for (std::size_t connection : outgoing_[k])
      outbox_.send(connection, message);
  }
  if (!holds_output_)
    return {};
  const Tensor<float> &output = outputs[network_.outputs[0].result];
  Reply reply{output.present[0], "", {}, used};
  if (reply.present)
    reply.values.assign(output.data, output.data + output.width);
  else
    reply.reason = "no information flow: nothing reached the output in time";
  return reply;
}

} // namespace rnet::net
