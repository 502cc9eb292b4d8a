// The nodes before this one. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "peers.h"

namespace rnet::net {

static constexpr std::size_t kNoLane = ~std::size_t(0);

Peers::Peers(const NetworkDescription &network, std::size_t node, Generations &generations,
             const Log &log, const std::atomic<bool> &stopping,
             const std::map<std::string, Duration> &silences)
    : network_(network), node_(network.nodes[node]), generations_(generations), log_(log),
      stopping_(stopping), senders_(network.nodes.size()),
      lanes_(2 * network.hyperconnections.size() + network.nodes.size()) {
  for (std::size_t k = 0; k < network.nodes.size(); ++k)
    if (auto found = silences.find(std::string(network.nodes[k].name)); found != silences.end())
      senders_[k].detector = FailureDetector(found->second);
}

//===-- Streams -------------------------------------------------------------------------------===//

// A stream that does not count any more is cancelled: its next read fails, and its reactor closes
// it, on the thread that reads.

void Peers::opened(Incoming &stream) {
  std::lock_guard lock(mutex_);
  stream.since = Clock::now();
  stream.lane = kNoLane;
  strangers_.push_back(&stream);
  if (strangers_.size() > kStrangers)
    strangers_.front()->context->TryCancel();
}

bool Peers::carries(Incoming &stream, std::size_t hyperconnection, std::uint64_t incarnation) {
  std::lock_guard lock(mutex_);
  const bool good =
      greet(stream, network_.hyperconnections[hyperconnection].from, hyperconnection, incarnation);
  update();
  return good;
}

bool Peers::beats(Incoming &stream, std::size_t sender, std::uint64_t incarnation) {
  std::lock_guard lock(mutex_);
  const bool good = greet(stream, sender, lane_of_beats(sender), incarnation);
  update();
  return good;
}

bool Peers::listens(Incoming &stream, std::size_t hyperconnection, std::uint64_t incarnation) {
  std::lock_guard lock(mutex_);
  const bool good = greet(stream, network_.hyperconnections[hyperconnection].from,
                          lane_of_words(hyperconnection), incarnation);
  update();
  return good;
}

bool Peers::greet(Incoming &stream, std::size_t sender, std::size_t lane,
                  std::uint64_t incarnation) {
  Sender &from = senders_[sender];
  // A clock that was set back makes a young incarnation look old; then the last one is down.
  if (incarnation < from.incarnation && from.detector.state() != PeerState::down)
    return false;
  auto supersede = [this](Lane &other) {
    if (Incoming *old = std::exchange(other.stream, nullptr))
      old->context->TryCancel();
  };
  if (incarnation != from.incarnation) {
    from.incarnation = incarnation;
    from.detector.broken();
    supersede(lanes_[lane_of_beats(sender)]);
    for (std::size_t k = 0; k < network_.hyperconnections.size(); ++k)
      if (network_.hyperconnections[k].from == sender) {
        supersede(lanes_[k]);
        supersede(lanes_[lane_of_words(k)]);
        lanes_[k].sequence = 0;
      }
  }
  supersede(lanes_[lane]);
  lanes_[lane].stream = &stream;
  lanes_[lane].quiet.reset();
  stream.lane = lane;
  stream.sender = sender;
  strangers_.remove(&stream);
  return true;
}

bool Peers::take(const Incoming &stream, std::uint64_t sequence) {
  std::lock_guard lock(mutex_);
  Lane &lane = lanes_[stream.lane];
  if (!counts(stream) || sequence <= lane.sequence)
    return false;
  lane.sequence = sequence;
  return true;
}

bool Peers::beat(const Incoming &stream, std::span<const GenerationId> fed) {
  std::lock_guard lock(mutex_);
  if (!counts(stream))
    return false;
  Sender &sender = senders_[stream.sender];
  sender.detector.beat(Clock::now());
  sender.fed.assign(fed.begin(), fed.end());
  update();
  return true;
}

void Peers::closed(Incoming &stream) {
  std::lock_guard lock(mutex_);
  strangers_.remove(&stream);
  if (stream.lane == kNoLane || !counts(stream))
    return;
  lanes_[stream.lane].stream = nullptr;
  if (stream.lane == lane_of_beats(stream.sender))
    senders_[stream.sender].detector.broken();
  update();
}

//===-- Who is alive --------------------------------------------------------------------------===//

void Peers::check(Time now, Duration late) {
  std::unique_lock lock(mutex_);
  for (Sender &sender : senders_)
    sender.detector.check(now, late);
  for (Incoming *stranger : strangers_)
    if (now - stranger->since > kGreeting)
      stranger->context->TryCancel();
  update();
  lock.unlock();
  ask(now);
}

void Peers::update() {
  for (std::size_t k = 0; k < node_.inputs.size(); ++k) {
    const Source &source = node_.inputs[k];
    if (source.kind == Source::Kind::network_input)
      continue;
    const Sender &from = senders_[network_.hyperconnections[source.index].from];
    const bool heard = lanes_[source.index].stream && from.detector.state() == PeerState::alive;
    generations_.set_alive(k, heard ? std::span(from.fed) : std::span<GenerationId>());
  }
  for (std::size_t k = 0; k < node_.inputs.size(); ++k)
    say(k);
  for (std::size_t sender = 0; sender < senders_.size(); ++sender)
    tell(senders_[sender], network_.nodes[sender].name);
}

/// Where the sender of an input listens, what is new of that.
void Peers::say(std::size_t input) {
  const Source &source = node_.inputs[input];
  if (source.kind == Source::Kind::network_input)
    return;
  Lane &lane = lanes_[lane_of_words(source.index)];
  if (!lane.stream)
    return;
  std::vector<GenerationId> quiet = generations_.quiet(input);
  if (lane.quiet == quiet)
    return;
  proto::Word word;
  word.mutable_quiet()->Assign(quiet.begin(), quiet.end());
  lane.quiet = std::move(quiet);
  lane.stream->say(word);
}

void Peers::ask(Time now) {
  std::lock_guard lock(mutex_);
  for (const auto &[generation, need] : generations_.needs(now)) {
    Lane &lane = lanes_[lane_of_words(node_.inputs[need.input].index)];
    if (!lane.stream)
      continue; // who does not listen sends all
    proto::Word word;
    word.mutable_quiet()->Assign(lane.quiet->begin(), lane.quiet->end());
    proto::Word::Need &said = *word.add_needs();
    said.set_generation(generation);
    said.set_request(need.request);
    lane.stream->say(word);
  }
}

/// Counts and says what is new of a sender.
void Peers::tell(Sender &sender, std::string_view name) {
  const PeerState state = sender.detector.state();
  if (state == sender.told || state == PeerState::rejoining)
    return;
  sender.told = state;
  sender.suspicions += state == PeerState::suspect;
  sender.rejoins += state == PeerState::alive && sender.lost;
  if (state != PeerState::suspect)
    sender.lost = state == PeerState::down;
  if (stopping_)
    return;
  const std::string peer(name);
  if (state == PeerState::suspect)
    log_.say("peer_suspect", "has not heard from " + peer + " for too long", {{"peer", peer}});
  else if (state == PeerState::down)
    log_.say("peer_down", "has lost " + peer, {{"peer", peer}});
  else
    log_.say("peer_alive", "hears " + peer, {{"peer", peer}});
}

Peers::Counters Peers::counters() const {
  std::lock_guard lock(mutex_);
  Counters counters;
  for (const Sender &sender : senders_) {
    counters.suspicions.push_back(sender.suspicions);
    counters.rejoins.push_back(sender.rejoins);
  }
  return counters;
}

std::vector<std::string> Peers::missing() const {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < node_.inputs.size(); ++k)
    if (node_.inputs[k].kind == Source::Kind::hyperconnection && !generations_.alive(k))
      names.emplace_back(
          network_.nodes[network_.hyperconnections[node_.inputs[k].index].from].name);
  return names;
}

} // namespace rnet::net
