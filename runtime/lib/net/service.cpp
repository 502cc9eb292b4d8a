// The server of a node.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "service.h"

#include "foreign_log.h"
#include "held_back.h"

#include <algorithm>

namespace rnet::net {

//===-- Streams between nodes -----------------------------------------------------------------===//

// A stream is read until a read fails, which it does too when the stream breaks: so it ends on the
// thread that reads it, once.

static constexpr const char *kNotThatNode = "the caller is not that node",
                            *kOld = "an older incarnation than the present one";

template <class Packet> class Service::Reactor : public grpc::ServerReadReactor<Packet> {
public:
  Reactor(Service &service, grpc::CallbackServerContext *context)
      : service_(service), stream_{context, {}} {
    service.peers_.opened(stream_);
    this->StartRead(&packet_);
  }

  void OnReadDone(bool ok) final {
    if (!ok)
      return finish(grpc::Status::OK);
    if (!greeted_) {
      std::string refusal = "no greeting";
      if (packet_.has_hello())
        refusal = !speaks_for(service_.credentials_, *stream_.context->auth_context(),
                              packet_.hello().node())
                      ? kNotThatNode
                      : greet(packet_.hello());
      if (!refusal.empty())
        return finish(service_.refuse(packet_.hello(), refusal));
      greeted_ = true;
    } else {
      take();
    }
    this->StartRead(&packet_);
  }
  void OnDone() final { delete this; }

protected:
  /// Why the stream is refused; empty: it is not.
  virtual std::string greet(const proto::Hello &hello) = 0;
  /// Takes what was read, or counts why not.
  virtual void take() = 0;

  Service &service_;
  Incoming stream_;
  Packet packet_;

private:
  void finish(const grpc::Status &status) {
    service_.peers_.closed(stream_);
    this->Finish(status);
  }

  bool greeted_ = false;
};

/// One hyperconnection's stream: a greeting, then activations.
class Service::DeliverReactor final : public Reactor<proto::Packet> {
  using Reactor::Reactor;

  std::string greet(const proto::Hello &hello) override {
    const Admission admission =
        admit(service_.network_, service_.node_, service_.generations_.hashes(), hello);
    if (!admission.refusal.empty())
      return admission.refusal;
    connection_ = admission.hyperconnection;
    room_.resize(service_.network_.hyperconnections[connection_].width);
    const NodeDescription &node = service_.network_.nodes[service_.node_];
    for (std::size_t k = 0; k < node.inputs.size(); ++k)
      if (node.inputs[k].kind == Source::Kind::hyperconnection &&
          node.inputs[k].index == connection_)
        input_ = k;
    return service_.peers_.carries(stream_, connection_, hello.incarnation()) ? "" : kOld;
  }
  void take() override {
    const auto generation = service_.generations_.find(packet_.activation().generation());
    const auto message =
        generation ? decode(packet_.activation(), generation->encodings[connection_], room_)
                   : std::nullopt;
    if (generation && !message)
      ++service_.malformed_;
    else if (!service_.peers_.take(stream_, packet_.activation().sequence()))
      ++service_.stale_;
    else if (!generation)
      ++service_.unknown_generation_;
    else
      arrive(generation->engine(), *message);
  }
  void arrive(Engine &engine, const Message &message) {
    engine.arrive(input_, message); // counts by itself what it drops
    if (!message.present)
      service_.peers_.ask(Clock::now()); // something on standby may have to stand in
  }

  std::size_t connection_ = 0, input_ = 0;
  std::vector<float> room_; ///< for values that are not f32 on their way
};

/// Heartbeats of one sender.
class Service::HeartbeatReactor final : public Reactor<proto::Beat> {
  using Reactor::Reactor;

  std::string greet(const proto::Hello &hello) override {
    const Admission admission =
        admit_beats(service_.network_, service_.node_, service_.generations_.hashes(), hello);
    if (!admission.refusal.empty())
      return admission.refusal;
    if (!service_.peers_.beats(stream_, admission.hyperconnection, hello.incarnation()))
      return kOld;
    take(); // it is a beat as well
    return "";
  }
  void take() override {
    const std::span<const GenerationId> fed(packet_.fed().data(),
                                            static_cast<std::size_t>(packet_.fed_size()));
    if (fed.size() > Generations::kMost || !fits(packet_))
      ++service_.malformed_;
    else if (!service_.peers_.beat(stream_, fed))
      ++service_.stale_;
    else
      for (const proto::Beat::Kept &kept : packet_.kept())
        if (const auto generation = service_.generations_.find(kept.generation()))
          generation->engine().announce(
              kept.request(), Clock::now() + std::chrono::microseconds(kept.remaining_us()));
  }
  /// What is kept back is so on a hyperconnection on standby to this node.
  bool fits(const proto::Beat &beat) const {
    const auto &connections = service_.network_.hyperconnections;
    return std::ranges::all_of(beat.kept(), [&](const proto::Beat::Kept &kept) {
      return kept.hyperconnection() < connections.size() && kept.remaining_us() <= kMaxRemaining &&
             connections[kept.hyperconnection()].standby &&
             connections[kept.hyperconnection()].from == stream_.sender &&
             connections[kept.hyperconnection()].to == service_.node_;
    });
  }
};

/// Words to the sender of a hyperconnection on standby.
class Service::ListenReactor final : public grpc::ServerWriteReactor<proto::Word> {
public:
  ListenReactor(Service &service, grpc::CallbackServerContext *context, const proto::Hello &hello)
      : peers_(service.peers_), stream_{context, {}} {
    stream_.say = [this](const proto::Word &word) { say(word); };
    peers_.opened(stream_);
    std::string refusal = greet(service, hello);
    if (refusal.empty())
      return;
    peers_.closed(stream_);
    finish(service.refuse(hello, refusal));
  }

  void OnWriteDone(bool ok) override {
    std::unique_lock lock(mutex_);
    writing_ = false;
    if (ok && !cancelled_)
      return pump();
    waiting_.reset();
    if (!cancelled_)
      return; // it will be
    lock.unlock();
    finish(grpc::Status::OK);
  }
  void OnCancel() override {
    peers_.closed(stream_); // nothing is said after that
    std::unique_lock lock(mutex_);
    cancelled_ = true;
    if (writing_)
      return;
    lock.unlock();
    finish(grpc::Status::OK);
  }
  void OnDone() override { delete this; }

private:
  std::string greet(Service &service, const proto::Hello &hello) {
    if (!speaks_for(service.credentials_, *stream_.context->auth_context(), hello.node()))
      return kNotThatNode;
    const Admission admission =
        admit(service.network_, service.node_, service.generations_.hashes(), hello);
    if (!admission.refusal.empty())
      return admission.refusal;
    return peers_.listens(stream_, admission.hyperconnection, hello.incarnation()) ? "" : kOld;
  }
  void say(const proto::Word &word) {
    std::lock_guard lock(mutex_);
    if (!waiting_)
      waiting_.emplace();
    waiting_->mutable_quiet()->CopyFrom(word.quiet());
    waiting_->mutable_needs()->MergeFrom(word.needs());
    if (static_cast<std::size_t>(waiting_->needs_size()) > HeldBack::kMost)
      stream_.context->TryCancel(); // it does not listen: let it send everything
    pump();
  }
  void pump() {
    if (writing_ || !waiting_)
      return;
    writing_ = true;
    current_ = std::move(*waiting_);
    waiting_.reset();
    StartWrite(&current_);
  }
  void finish(const grpc::Status &status) {
    if (!finished_.exchange(true))
      Finish(status);
  }

  Peers &peers_;
  Incoming stream_;
  std::mutex mutex_;
  std::optional<proto::Word> waiting_; ///< what is to be said after the current one
  proto::Word current_;
  bool writing_ = false, cancelled_ = false;
  std::atomic<bool> finished_ = false;
};

grpc::Status Service::refuse(const proto::Hello &hello, const std::string &why) {
  // Who is refused tries again at once, and may have any name.
  static constexpr auto kPause = std::chrono::seconds(10);
  static constexpr std::size_t kMost = 64;
  const std::string name = printable(hello.node().substr(0, 100));
  const Time now = Clock::now();
  ++refused_;
  std::lock_guard lock(mutex_);
  std::erase_if(said_, [&](const auto &said) { return now - said.second > kPause; });
  if (said_.size() < kMost && said_.emplace(name + ": " + why, now).second)
    log_.say("peer_refused", "refuses '" + name + "': " + why, {{"peer", name}, {"reason", why}});
  return {grpc::StatusCode::PERMISSION_DENIED, why};
}

grpc::ServerReadReactor<proto::Packet> *Service::Deliver(grpc::CallbackServerContext *context,
                                                         proto::Ack *) {
  return new DeliverReactor(*this, context);
}
grpc::ServerReadReactor<proto::Beat> *Service::Heartbeat(grpc::CallbackServerContext *context,
                                                         proto::Ack *) {
  return new HeartbeatReactor(*this, context);
}

grpc::ServerWriteReactor<proto::Word> *Service::Listen(grpc::CallbackServerContext *context,
                                                       const proto::Hello *hello) {
  return new ListenReactor(*this, context, *hello);
}

//===-- Clients -------------------------------------------------------------------------------===//

std::shared_ptr<Generation> Service::find(GenerationId id) {
  auto generation = generations_.find(id);
  unknown_generation_ += !generation;
  return generation;
}

grpc::Status Service::not_held(GenerationId id) const {
  return {grpc::StatusCode::NOT_FOUND, "node '" + std::string(network_.nodes[node_].name) +
                                           "' does not hold generation " + name_of_generation(id)};
}

grpc::ServerUnaryReactor *Service::Submit(grpc::CallbackServerContext *context,
                                          const proto::Submission *request, proto::Ack *) {
  auto *reactor = context->DefaultReactor();
  auto refuse = [&](const std::string &why) {
    reactor->Finish({grpc::StatusCode::INVALID_ARGUMENT, why});
    return reactor;
  };
  if (request->remaining_us() > kMaxRemaining)
    return refuse("the deadline is more than ten minutes away");
  const NodeDescription &node = network_.nodes[node_];
  const Time deadline = Clock::now() + std::chrono::microseconds(request->remaining_us());
  std::vector<std::pair<std::size_t, Message>> messages;
  for (const auto &[name, bytes] : request->inputs()) {
    bool known = false;
    for (std::size_t k = 0; k < node.inputs.size(); ++k) {
      const Source &source = node.inputs[k];
      if (source.kind != Source::Kind::network_input || network_.inputs[source.index].name != name)
        continue;
      known = true;
      const std::size_t width = network_.inputs[source.index].width;
      const auto values = view_values(bytes, width);
      if (!values)
        return refuse("input '" + name + "' has " + std::to_string(bytes.size()) +
                      " bytes, expected " + std::to_string(width * sizeof(float)));
      messages.push_back({k, {request->request(), deadline, true, 0, *values}});
    }
    if (!known)
      return refuse("node '" + std::string(node.name) + "' has no input '" + name.substr(0, 100) +
                    "'");
  }
  const auto generation = find(request->generation());
  if (!generation) {
    reactor->Finish(not_held(request->generation()));
    return reactor;
  }
  for (const auto &[input, message] : messages)
    if (!generation->engine().arrive(input, message))
      return refuse("request " + std::to_string(request->request()) + " has been submitted before");
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor *Service::Collect(grpc::CallbackServerContext *context,
                                           const proto::Collection *request,
                                           proto::Answer *answer) {
  auto *reactor = context->DefaultReactor();
  const std::size_t head = network_.outputs[0].head_at(node_);
  if (head == network_.outputs[0].heads()) {
    reactor->Finish({grpc::StatusCode::FAILED_PRECONDITION, "this node holds no output or exit"});
    return reactor;
  }
  const auto generation = find(request->generation());
  if (!generation) {
    reactor->Finish(not_held(request->generation()));
    return reactor;
  }
  const auto remaining =
      std::chrono::microseconds(std::min(request->remaining_us(), kMaxRemaining));
  // Not held by the call: its engine answers it before it goes.
  const std::optional<AccuracyTable> &table = generation->accuracy;
  generation->engine().collect(
      request->request(), Clock::now() + remaining,
      [reactor, answer, head, &table](const Reply &reply) {
        answer->set_present(reply.present);
        answer->set_reason(std::string(reply.reason));
        answer->set_values(reply.values.data(), reply.values.size_bytes());
        answer->set_used(reply.used);
        answer->set_late(reply.late);
        if (std::optional<Accuracy> accuracy =
                table && reply.present ? table->find({reply.used, true, head}) : std::nullopt) {
          answer->set_accuracy_known(true);
          answer->set_accuracy(accuracy->value);
          if (accuracy->interval) {
            answer->set_interval_known(true);
            answer->set_accuracy_low(accuracy->interval->low);
            answer->set_accuracy_high(accuracy->interval->high);
          }
        }
        reactor->Finish(grpc::Status::OK);
      });
  return reactor;
}

grpc::ServerUnaryReactor *Service::Status(grpc::CallbackServerContext *context,
                                          const proto::StatusRequest *, proto::StatusReply *reply) {
  reply->set_node(std::string(network_.nodes[node_].name));
  reply->set_incarnation(incarnation_);
  for (const std::string &name : peers_.missing())
    reply->add_waiting_for(name);
  const Engine::Counters counters = generations_.counters();
  reply->set_requests(counters.requests);
  reply->set_dropped(counters.dropped() + refused_ + malformed_ + stale_ + unknown_generation_);
  reply->set_fed(!generations_.fed().empty());
  for (GenerationId id : generations_.ready())
    reply->add_generations(id);
  auto *reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

} // namespace rnet::net
