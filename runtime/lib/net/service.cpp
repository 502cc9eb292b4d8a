// The server of a node.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "service.h"

namespace rnet::net {

//===-- Peers ---------------------------------------------------------------------------------===//

void Peers::beat(std::size_t sender, bool fed) {
  std::lock_guard lock(mutex_);
  detectors_[sender].beat(Clock::now());
  fed_[sender] = fed;
  update();
}
void Peers::beats_broken(std::size_t sender) {
  std::lock_guard lock(mutex_);
  detectors_[sender].broken();
  update();
}
void Peers::stream_opened(std::size_t hyperconnection) {
  std::lock_guard lock(mutex_);
  ++streams_[hyperconnection];
  update();
}
void Peers::stream_broken(std::size_t hyperconnection) {
  std::lock_guard lock(mutex_);
  --streams_[hyperconnection];
  update();
}
void Peers::check(Time now, Duration late) {
  std::lock_guard lock(mutex_);
  for (FailureDetector &detector : detectors_)
    detector.check(now, late);
  update();
}

void Peers::update() {
  for (std::size_t k = 0; k < node_.inputs.size(); ++k) {
    const Source &source = node_.inputs[k];
    if (source.kind == Source::Kind::network_input)
      continue;
    const std::size_t from = network_.hyperconnections[source.index].from;
    engine_.set_alive(k, streams_[source.index] > 0 && fed_[from] &&
                             detectors_[from].state() == PeerState::alive);
  }
}

std::vector<std::string> Peers::missing() const {
  std::vector<std::string> names;
  for (std::size_t k = 0; k < node_.inputs.size(); ++k)
    if (node_.inputs[k].kind == Source::Kind::hyperconnection && !engine_.alive(k))
      names.emplace_back(
          network_.nodes[network_.hyperconnections[node_.inputs[k].index].from].name);
  return names;
}

//===-- Streams between nodes -----------------------------------------------------------------===//

// A stream is read until a read fails, which it does too when the stream breaks: so it ends on the
// thread that reads it, once.

/// One hyperconnection's stream: a greeting, then activations.
class Service::DeliverReactor final : public grpc::ServerReadReactor<proto::Packet> {
public:
  explicit DeliverReactor(Service &service) : service_(service) { StartRead(&packet_); }

  void OnReadDone(bool ok) override {
    if (!ok)
      return finish(grpc::Status::OK);
    if (!greeted_) {
      const Admission admission = packet_.has_hello() ? admit(service_.network_, service_.node_,
                                                              service_.weights_, packet_.hello())
                                                      : Admission{0, "no greeting"};
      if (!admission.refusal.empty())
        return finish({grpc::StatusCode::PERMISSION_DENIED, admission.refusal});
      connection_ = admission.hyperconnection;
      greeted_ = true;
      service_.peers_.stream_opened(connection_);
      const NodeDescription &node = service_.network_.nodes[service_.node_];
      for (std::size_t k = 0; k < node.inputs.size(); ++k)
        if (node.inputs[k].kind == Source::Kind::hyperconnection &&
            node.inputs[k].index == connection_)
          input_ = k;
    } else {
      take();
    }
    StartRead(&packet_);
  }
  void OnDone() override { delete this; }

private:
  void take() {
    std::optional<Message> message;
    if (packet_.has_activation() && packet_.activation().sequence() > sequence_)
      message = decode(packet_.activation(), service_.network_.hyperconnections[connection_]);
    if (!message) {
      ++service_.dropped_;
      return;
    }
    sequence_ = packet_.activation().sequence();
    service_.engine_.arrive(input_, *message);
  }
  void finish(const grpc::Status &status) {
    if (greeted_)
      service_.peers_.stream_broken(connection_);
    Finish(status);
  }

  Service &service_;
  proto::Packet packet_;
  bool greeted_ = false;
  std::size_t connection_ = 0, input_ = 0;
  std::uint64_t sequence_ = 0;
};

class Service::HeartbeatReactor final : public grpc::ServerReadReactor<proto::Beat> {
public:
  explicit HeartbeatReactor(Service &service) : service_(service) { StartRead(&beat_); }

  void OnReadDone(bool ok) override {
    if (!ok)
      return finish(grpc::Status::OK);
    if (!greeted_) {
      const Admission admission = beat_.has_hello() ? admit_beats(service_.network_, service_.node_,
                                                                  service_.weights_, beat_.hello())
                                                    : Admission{0, "no greeting"};
      if (!admission.refusal.empty())
        return finish({grpc::StatusCode::PERMISSION_DENIED, admission.refusal});
      sender_ = admission.hyperconnection;
      greeted_ = true;
    }
    service_.peers_.beat(sender_, beat_.fed());
    StartRead(&beat_);
  }
  void OnDone() override { delete this; }

private:
  void finish(const grpc::Status &status) {
    if (greeted_)
      service_.peers_.beats_broken(sender_);
    Finish(status);
  }

  Service &service_;
  proto::Beat beat_;
  bool greeted_ = false;
  std::size_t sender_ = 0;
};

grpc::ServerReadReactor<proto::Packet> *Service::Deliver(grpc::CallbackServerContext *,
                                                         proto::Ack *) {
  return new DeliverReactor(*this);
}
grpc::ServerReadReactor<proto::Beat> *Service::Heartbeat(grpc::CallbackServerContext *,
                                                         proto::Ack *) {
  return new HeartbeatReactor(*this);
}

//===-- Clients -------------------------------------------------------------------------------===//

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
  for (const auto &[input, message] : messages)
    if (!engine_.arrive(input, message))
      return refuse("request " + std::to_string(request->request()) + " has been submitted before");
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

grpc::ServerUnaryReactor *Service::Collect(grpc::CallbackServerContext *context,
                                           const proto::Collection *request,
                                           proto::Answer *answer) {
  auto *reactor = context->DefaultReactor();
  if (network_.outputs[0].node != node_) {
    reactor->Finish({grpc::StatusCode::FAILED_PRECONDITION, "this node holds no output"});
    return reactor;
  }
  const auto remaining =
      std::chrono::microseconds(std::min(request->remaining_us(), kMaxRemaining));
  engine_.collect(
      request->request(), Clock::now() + remaining, [this, reactor, answer](const Reply &reply) {
        answer->set_present(reply.present);
        answer->set_reason(std::string(reply.reason));
        answer->set_values(reply.values.data(), reply.values.size_bytes());
        answer->set_used(reply.used);
        if (std::optional<Accuracy> accuracy =
                accuracy_ && reply.present ? accuracy_->find(reply.used) : std::nullopt) {
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
  const Engine::Counters counters = engine_.counters();
  reply->set_requests(counters.requests);
  reply->set_dropped(counters.dropped + dropped_);
  auto *reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

} // namespace rnet::net
