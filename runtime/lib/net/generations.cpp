// The generations of weights that a node holds.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "generations.h"

#include <algorithm>

namespace rnet::net {

Status Generations::add(const std::string &path, const std::string &accuracy) {
  auto weights = WeightsFile::open(path);
  if (!weights.ok())
    return weights.status();
  std::unique_ptr<Program> program = make_();
  // The hash last: it also finds what was changed while the program was read.
  if (Status status = weights->check(network_, /*topology=*/true); !status.ok())
    return status;
  if (Status status = program->load(*weights); !status.ok())
    return status;
  auto encodings = load_encodings(network_, node_, *weights);
  if (!encodings.ok())
    return encodings.status();
  if (Status status = weights->verify(); !status.ok())
    return status;
  std::optional<AccuracyTable> table;
  if (!accuracy.empty()) {
    auto read = AccuracyTable::read(accuracy, network_, weights->data_hash());
    if (!read.ok())
      return read.status();
    table = std::move(*read);
  }
  if (full())
    return Status::error("weights file '" + path + "' is one too many: a node holds " +
                         std::to_string(kMost) + " generations");
  auto generation =
      std::make_shared<Generation>(network_, node_, weights->data_hash(), std::move(program),
                                   std::move(*encodings), std::move(table), send_);
  std::lock_guard lock(mutex_);
  held_.push_back({std::move(generation), {}});
  return {};
}

void Generations::keep(std::span<const GenerationId> wanted, Time now) {
  std::lock_guard lock(mutex_);
  for (Held &held : held_)
    if (std::ranges::find(wanted, held.generation->id) != wanted.end())
      held.goes.reset();
    else if (!held.goes)
      held.goes = now + kLeave;
}

bool Generations::sweep(Time now) {
  std::vector<Held> gone; // its engine stops without the lock
  std::unique_lock lock(mutex_);
  for (Held &held : held_)
    if (held.goes && *held.goes <= now)
      gone.push_back(held);
  std::erase_if(held_, [&](const Held &held) { return held.goes && *held.goes <= now; });
  for (const Held &held : gone)
    past_ += held.generation->engine().counters();
  lock.unlock();
  return !gone.empty();
}

std::shared_ptr<Generation> Generations::find(GenerationId id) const {
  std::lock_guard lock(mutex_);
  for (const Held &held : held_)
    if (held.generation->id == id)
      return held.generation;
  return nullptr;
}

std::vector<GenerationId> Generations::held() const {
  std::lock_guard lock(mutex_);
  std::vector<GenerationId> ids;
  for (const Held &held : held_)
    if (!held.goes)
      ids.push_back(held.generation->id);
  return ids;
}

std::vector<GenerationId> Generations::ready() const {
  std::vector<GenerationId> ids = held();
  for (std::size_t input = 0; input < network_.nodes[node_].inputs.size(); ++input)
    if (alive(input))
      std::erase_if(ids, [&](GenerationId id) {
        const auto generation = find(id);
        return !generation || !generation->engine().alive(input);
      });
  return ids;
}

bool Generations::full() const {
  std::lock_guard lock(mutex_);
  return held_.size() >= kMost;
}

std::vector<std::string> Generations::hashes() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> hashes;
  for (const Held &held : held_)
    hashes.push_back(held.generation->hash);
  return hashes;
}

void Generations::set_alive(std::size_t input, std::span<const GenerationId> generations) {
  std::lock_guard lock(mutex_);
  for (const Held &held : held_)
    held.generation->engine().set_alive(
        input, std::ranges::find(generations, held.generation->id) != generations.end());
}

bool Generations::alive(std::size_t input) const {
  std::lock_guard lock(mutex_);
  return std::ranges::any_of(
      held_, [&](const Held &held) { return held.generation->engine().alive(input); });
}

std::vector<GenerationId> Generations::fed() const {
  std::lock_guard lock(mutex_);
  std::vector<GenerationId> ids;
  for (const Held &held : held_)
    if (held.generation->engine().fed())
      ids.push_back(held.generation->id);
  return ids;
}

std::vector<GenerationId> Generations::quiet(std::size_t input) const {
  std::lock_guard lock(mutex_);
  std::vector<GenerationId> ids;
  for (const Held &held : held_)
    if (held.generation->engine().quiet(input))
      ids.push_back(held.generation->id);
  return ids;
}

std::vector<std::pair<GenerationId, Engine::Need>> Generations::needs(Time now) {
  std::lock_guard lock(mutex_);
  std::vector<std::pair<GenerationId, Engine::Need>> needs;
  for (const Held &held : held_)
    for (const Engine::Need &need : held.generation->engine().needs(now))
      needs.emplace_back(held.generation->id, need);
  return needs;
}

Engine::Counters Generations::counters() const {
  std::lock_guard lock(mutex_);
  Engine::Counters all = past_;
  for (const Held &held : held_)
    all += held.generation->engine().counters();
  return all;
}

} // namespace rnet::net
