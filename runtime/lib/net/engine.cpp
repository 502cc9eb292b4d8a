// One node at work.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/net/engine.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <functional>
#include <numeric>
#include <utility>

namespace rnet::net {

/// Kept back from a deadline for each node that follows.
static constexpr auto kHop = std::chrono::milliseconds(3);

Engine::Tensors::Tensors(std::span<const std::size_t> widths, std::size_t capacity)
    : memory({std::transform_reduce(widths.begin(), widths.end(), std::size_t(0), std::plus<>(),
                                    row_stride),
              widths.size()},
             capacity) {
  for (std::size_t width : widths)
    tensors.push_back({nullptr, width, {}});
  resize(capacity);
}

void Engine::Tensors::resize(std::size_t rows) {
  const Arena arena = memory.arena(rows);
  std::size_t column = 0;
  for (std::size_t k = 0; k < tensors.size(); ++k) {
    tensors[k].data = arena.rows<1>(column).data;
    tensors[k].present = arena.mask(k);
    column += row_stride(tensors[k].width);
  }
}

Engine::Slot::Slot(std::span<const std::size_t> widths) : used(widths.size()), memory(widths, 1) {
  for (const Tensor<float> &tensor : memory.tensors)
    inputs.push_back({tensor.data, tensor.width, tensor.present});
}

std::size_t Engine::width(const Source &source) const {
  return source.kind == Source::Kind::network_input ? network_.inputs[source.index].width
                                                    : network_.hyperconnections[source.index].width;
}

Engine::Engine(const NetworkDescription &network, std::size_t node, const Program &program,
               Outbox &outbox)
    : network_(network), node_(network.nodes[node]), program_(program), outbox_(outbox),
      outgoing_(node_.result_widths.size()), finished_(4 * kMaxOpen, kNone) {
  for (std::size_t k = 0; k < node_.inputs.size(); ++k) {
    widths_.push_back(width(node_.inputs[k]));
    if (node_.inputs[k].kind == Source::Kind::network_input)
      alive_ |= std::uint64_t(1) << k;
    else if (network_.hyperconnections[node_.inputs[k].index].standby)
      standby_ |= std::uint64_t(1) << k;
  }
  counters_.absent.resize(node_.inputs.size());
  slots_.reserve(kMaxOpen);
  spare_.reserve(kReady);
  std::size_t elements = 1;
  for (std::size_t width : widths_)
    elements += row_stride(width);
  ready_ = std::clamp<std::size_t>(kReadyBytes / (elements * sizeof(float)), 2, kReady);
  while (spare_.size() < ready_)
    spare_.push_back(std::make_unique<Slot>(widths_));
  for (std::size_t width : node_.result_widths)
    elements += row_stride(width);
  elements += program.arena_plan().columns;
  most_ = std::clamp<std::size_t>(kBatchBytes / (elements * sizeof(float)), 1, kBatch);
  batch_.reserve(most_);
  used_.resize(most_);
  inputs_.emplace(widths_, most_);
  results_.emplace(node_.result_widths, most_);
  arena_.emplace(program.arena_plan(), most_);
  views_.resize(widths_.size());
  const OutputDescription &output = network.outputs[0];
  if (const std::size_t head = output.head_at(node); head < output.heads()) {
    head_ = output.head(head);
    kept_.resize(
        std::clamp<std::size_t>(kReadyBytes / (output.width * sizeof(float)), 2, kMaxOpen));
    kept_values_.resize(kept_.size() * output.width);
    for (std::size_t k = 0; k < kept_.size(); ++k)
      kept_[k].values = std::span(kept_values_).subspan(k * output.width, output.width);
  }

  // The longest way from here to the output.
  std::vector<int> hops(network.nodes.size(), -1);
  hops[output.node] = 0;
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
  for (auto &slot : slots_)
    if (slot->done)
      slot->done({false, "the node is stopping", {}, 0});
}

bool Engine::is_finished(std::uint64_t request) const {
  return std::find(finished_.begin(), finished_.end(), request) != finished_.end();
}

Engine::Slot *Engine::find(std::uint64_t request) {
  auto found = std::find_if(slots_.begin(), slots_.end(),
                            [&](const auto &slot) { return slot->request == request; });
  return found == slots_.end() ? nullptr : found->get();
}

Engine::Slot &Engine::open(std::uint64_t request, Time deadline) {
  if (slots_.size() >= kMaxOpen) {
    // Not one that somebody works on without the lock.
    auto oldest = std::find_if(slots_.begin(), slots_.end(), [](const auto &slot) {
      return slot->state == Slot::State::collecting;
    });
    if (oldest != slots_.end()) {
      if (auto done = std::exchange((*oldest)->done, nullptr))
        done({false, "too many requests", {}, 0});
      close(**oldest);
      ++counters_.too_many;
    }
  }
  if (spare_.empty()) {
    slots_.push_back(std::make_unique<Slot>(widths_));
  } else {
    slots_.push_back(std::move(spare_.back()));
    spare_.pop_back();
  }
  Slot &slot = *slots_.back();
  slot.request = request;
  slot.state = Slot::State::collecting;
  slot.claimed = slot.known = slot.present = slot.asked = 0;
  slot.deadline = deadline;
  // At most half of what is left goes to the nodes behind.
  const Time now = Clock::now();
  const Duration left = std::max(Duration::zero(), deadline - now);
  slot.fires_at = deadline - std::min(downstream_, left / 2);
  slot.late_at = now + (slot.fires_at - now) / 2;
  ++counters_.requests;
  return slot;
}

void Engine::close(Slot &slot) {
  slot.state = Slot::State::closed;
  if (slot.copying > 0)
    return; // whoever comes last closes it
  auto found = std::find_if(slots_.begin(), slots_.end(),
                            [&](const auto &other) { return other.get() == &slot; });
  if (spare_.size() < ready_)
    spare_.push_back(std::move(*found));
  slots_.erase(found);
}

bool Engine::arrive(std::size_t input, const Message &message) {
  assert(message.values.size() == (message.present ? widths_[input] : 0));
  const std::uint64_t bit = std::uint64_t(1) << input;
  std::unique_lock lock(mutex_);
  Slot *slot = nullptr;
  if (!is_finished(message.request)) {
    slot = find(message.request);
    if (!slot)
      slot = &open(message.request, message.deadline);
  }
  const bool done = !slot || slot->state != Slot::State::collecting;
  if (done || (slot->claimed & bit)) {
    ++(done ? counters_.late : counters_.duplicate);
    return false;
  }
  slot->claimed |= bit;
  // Without the lock: heartbeats need it, and must not wait for a large tensor.
  ++slot->copying;
  lock.unlock();
  std::copy(message.values.begin(), message.values.end(), slot->memory.tensors[input].data);
  lock.lock();
  --slot->copying;
  const bool in_time = slot->state == Slot::State::collecting;
  if (in_time) {
    slot->known |= bit;
    slot->present |= message.present ? bit : 0;
    slot->used[input] = message.used;
  } else {
    ++counters_.late;
    if (slot->state == Slot::State::closed)
      close(*slot);
  }
  // Who brings the last input computes: a node's work is often shorter than handing it over.
  if (in_time && !firing_ && settled(*slot)) {
    gather(Clock::now());
    fire(lock);
  }
  const bool wake = !firing_ && due();
  lock.unlock();
  if (wake)
    wake_.notify_one();
  return in_time;
}

void Engine::set_alive(std::size_t input, bool alive) {
  {
    std::lock_guard lock(mutex_);
    const std::uint64_t bit = std::uint64_t(1) << input, before = alive_;
    alive_ = alive ? alive_ | bit : alive_ & ~bit;
    if (alive_ == before)
      return;
    quiet_ = standby_ & alive_ & ~node_.mux.taken(alive_);
  }
  wake_.notify_one();
}

bool Engine::alive(std::size_t input) const {
  std::lock_guard lock(mutex_);
  return alive_ >> input & 1;
}

bool Engine::fed() const {
  std::lock_guard lock(mutex_);
  return alive_ != 0;
}

//===-- Standby -------------------------------------------------------------------------------===//

bool Engine::quiet(std::size_t input) const {
  std::lock_guard lock(mutex_);
  return quiet_ >> input & 1;
}

void Engine::announce(std::uint64_t request, Time deadline) {
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (is_finished(request) || find(request))
      return;
    open(request, deadline);
    wake = !firing_ && due();
  }
  if (wake)
    wake_.notify_one();
}

std::vector<Engine::Need> Engine::needs(Time now) {
  std::vector<Need> needs;
  std::lock_guard lock(mutex_);
  if (quiet_ == 0)
    return needs;
  for (auto &slot : slots_) {
    if (slot->state != Slot::State::collecting)
      continue;
    const std::uint64_t to_come = alive_ & ~slot->known;
    for (std::uint64_t rest = quiet_ & to_come & ~slot->asked; rest; rest &= rest - 1) {
      const std::uint64_t bit = rest & -rest;
      const std::uint64_t others = now < slot->late_at ? to_come : bit;
      if (!(node_.mux.taken(slot->present | others) & bit))
        continue;
      slot->asked |= bit;
      needs.push_back({static_cast<std::size_t>(std::countr_zero(bit)), slot->request});
    }
  }
  return needs;
}

//===-- Answers -------------------------------------------------------------------------------===//

void Engine::collect(std::uint64_t request, Time deadline,
                     std::function<void(const Reply &)> done) {
  Kept *early = nullptr; // it came before somebody asked for it
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    for (Kept &kept : kept_)
      if (kept.request == request && !kept.leaving)
        early = &kept;
    if (early) {
      early->leaving = true;
    } else {
      Slot *slot = find(request);
      if (!slot && !is_finished(request))
        slot = &open(request, deadline);
      if (slot && slot->state != Slot::State::closed && !slot->done)
        slot->done = std::exchange(done, nullptr);
    }
    wake = !firing_ && due();
  }
  if (early) {
    done(early->reply);
    std::lock_guard lock(mutex_);
    early->request = kNone;
    early->leaving = false;
  } else if (done) {
    done({false, "the request is done already, or somebody else waits for it", {}, 0});
  }
  if (wake)
    wake_.notify_one();
}

Engine::Counters Engine::counters() const {
  std::lock_guard lock(mutex_);
  return counters_;
}

Engine::Counters &Engine::Counters::operator+=(const Counters &other) {
  requests += other.requests;
  late += other.late;
  duplicate += other.duplicate;
  too_many += other.too_many;
  runs += other.runs;
  for (std::size_t k = 0; k < absent.size(); ++k)
    absent[k] += other.absent[k];
  return *this;
}

/// No input that is still to come can change what the mux takes.
bool Engine::settled(const Slot &slot) const {
  const std::uint64_t unknown = alive_ & ~slot.known;
  if (node_.mux.kind == MuxKind::sum)
    return unknown == 0;
  std::uint64_t skips = 0;
  for (const StandIn &group : node_.mux.stand_ins)
    skips |= group.members;
  if (unknown & ~skips)
    return false;
  // Every simple input is known. A stand-in that is on its way matters only if it would be taken.
  return (node_.mux.taken(slot.present | unknown) & unknown) == 0;
}

bool Engine::due() const {
  return std::any_of(slots_.begin(), slots_.end(), [&](const auto &slot) {
    return slot->state == Slot::State::collecting &&
           (slot->fires_at < sleeps_until_ || settled(*slot));
  });
}

void Engine::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const Time now = Clock::now();
    // While another thread fires, it wakes this one where there is more to do.
    const Time next = firing_ ? Time::max() : gather(now);
    if (!firing_ && !batch_.empty()) {
      fire(lock);
    } else {
      sleeps_until_ = std::min(next, now + std::chrono::seconds(1));
      wake_.wait_until(lock, sleeps_until_);
    }
  }
}

Time Engine::gather(Time now) {
  batch_.clear();
  Time next = Time::max(), done_by = Time::max();
  for (auto &slot : slots_) {
    if (slot->state != Slot::State::collecting)
      continue;
    const bool is_settled = settled(*slot);
    if (!is_settled && slot->fires_at > now) {
      next = std::min(next, slot->fires_at);
      continue;
    }
    done_by = std::min(done_by, slot->fires_at);
    const auto rows = static_cast<Duration::rep>(batch_.size() + 1);
    if (rows > 1 && now + rows * row_time_ > done_by)
      break;
    slot->late = !is_settled;
    batch_.push_back(slot.get());
    if (batch_.size() == most_)
      break;
  }
  return next;
}

void Engine::fire(std::unique_lock<std::mutex> &lock) {
  firing_ = true;
  for (Slot *slot : batch_) {
    finished_[next_finished_++ % finished_.size()] = slot->request;
    slot->state = Slot::State::firing;
    for (std::size_t k = 0; k < counters_.absent.size(); ++k)
      counters_.absent[k] += ~(slot->present | (quiet_ & ~slot->asked)) >> k & 1;
  }
  ++counters_.runs;
  lock.unlock();
  const Time begin = Clock::now();
  infer();
  const Duration row_time = (Clock::now() - begin) / batch_.size();
  for (std::size_t row = 0; row < batch_.size(); ++row)
    send(*batch_[row], row);
  lock.lock();
  row_time_ = row_time;
  for (std::size_t row = 0; row < batch_.size(); ++row) {
    Slot &slot = *batch_[row];
    const Reply reply = head_ ? this->reply(slot, row) : Reply();
    auto done = std::exchange(slot.done, nullptr);
    if (head_ && !done)
      keep(slot.request, reply);
    close(slot);
    if (done) {
      lock.unlock();
      done(reply);
      lock.lock();
    }
  }
  firing_ = false;
}

void Engine::keep(std::uint64_t request, const Reply &reply) {
  for (std::size_t tries = 0; tries < kept_.size(); ++tries) {
    Kept &kept = kept_[next_kept_++ % kept_.size()];
    if (kept.leaving)
      continue;
    kept.request = request;
    kept.reply = reply;
    std::copy(reply.values.begin(), reply.values.end(), kept.values.begin());
    kept.reply.values = kept.values.first(reply.values.size());
    return;
  }
  ++counters_.too_many;
}

void Engine::infer() {
  const std::size_t rows = batch_.size();
  results_->resize(rows);
  Arena arena = arena_->arena(rows);
  if (rows == 1) {
    Slot &slot = *batch_.front();
    for (std::size_t k = 0; k < slot.inputs.size(); ++k)
      slot.inputs[k].present.rows[0] = slot.present >> k & 1;
    return program_.infer(slot.inputs, results_->tensors, arena);
  }
  inputs_->resize(rows);
  for (std::size_t k = 0; k < widths_.size(); ++k) {
    const Tensor<float> &input = inputs_->tensors[k];
    for (std::size_t row = 0; row < rows; ++row) {
      input.present.rows[row] = batch_[row]->present >> k & 1;
      if (input.present[row])
        std::copy_n(batch_[row]->memory.tensors[k].data, input.width, input.row(row));
    }
    views_[k] = {input.data, input.width, input.present};
  }
  program_.infer(views_, results_->tensors, arena);
}

void Engine::send(const Slot &slot, std::size_t row) {
  UsedSet used = 0;
  for (std::uint64_t taken = node_.mux.taken(slot.present); taken; taken &= taken - 1) {
    const auto k = static_cast<std::size_t>(std::countr_zero(taken));
    used |= slot.used[k];
    if (node_.inputs[k].kind == Source::Kind::hyperconnection)
      used |= UsedSet(1) << node_.inputs[k].index;
  }
  used_[row] = used;
  for (std::size_t k = 0; k < results_->tensors.size(); ++k) {
    const Tensor<float> &result = results_->tensors[k];
    const bool present = result.present[row];
    const std::span<const float> values(result.row(row), present ? result.width : 0);
    for (std::size_t connection : outgoing_[k])
      outbox_.send(connection, {slot.request, slot.deadline, present, used, values});
  }
}

Reply Engine::reply(const Slot &slot, std::size_t row) const {
  const Tensor<float> &output = results_->tensors[head_->result];
  if (output.present[row])
    return {true, "", {output.row(row), output.width}, used_[row]};
  return {false,
          slot.late ? "no information flow: nothing reached the output in time"
                    : "no information flow: all ways to the output are down",
          {},
          used_[row],
          slot.late};
}

} // namespace rnet::net
