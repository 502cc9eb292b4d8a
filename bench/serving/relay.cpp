// A node that computes nothing and decides nothing: what it gets it sends on, over the transport of
// rnet's nodes. The first gets it from a client, the last gives it back to one.
//
//   relay ADDRESS BYTES IDENTITY [NEXT NEXT-ADDRESS]    BYTES are sent, whatever came
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "listener.h"
#include "senders.h"
#include "server_limits.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>
#include <thread>

using namespace rnet;
using namespace rnet::net;

namespace {

class Relay final : public proto::Node::CallbackService {
public:
  Relay(std::size_t bytes, std::unique_ptr<Stream<proto::Packet>> next)
      : values_(bytes, '\1'), next_(std::move(next)) {}

  grpc::ServerUnaryReactor *Submit(grpc::CallbackServerContext *context,
                                   const proto::Submission *submission, proto::Ack *) override {
    take(submission->request());
    return finish(context);
  }
  grpc::ServerUnaryReactor *Collect(grpc::CallbackServerContext *context,
                                    const proto::Collection *collection,
                                    proto::Answer *answer) override {
    auto *reactor = context->DefaultReactor();
    answer->set_present(true);
    answer->set_values(values_);
    std::unique_lock lock(mutex_);
    if (there_.erase(collection->request())) {
      lock.unlock();
      reactor->Finish(grpc::Status::OK);
    } else {
      waiting_[collection->request()] = reactor;
    }
    return reactor;
  }
  grpc::ServerReadReactor<proto::Packet> *Deliver(grpc::CallbackServerContext *,
                                                  proto::Ack *) override {
    struct Reactor final : grpc::ServerReadReactor<proto::Packet> {
      explicit Reactor(Relay &relay) : relay(relay) { StartRead(&packet); }
      void OnReadDone(bool ok) override {
        if (!ok)
          return Finish(grpc::Status::OK);
        if (packet.has_activation())
          relay.take(packet.activation().request());
        StartRead(&packet);
      }
      void OnDone() override { delete this; }
      Relay &relay;
      proto::Packet packet;
    };
    return new Reactor(*this);
  }
  void tick() {
    if (next_)
      next_->tick();
  }

private:
  static grpc::ServerUnaryReactor *finish(grpc::CallbackServerContext *context) {
    auto *reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  void take(std::uint64_t request) {
    if (next_) {
      proto::Packet packet;
      packet.mutable_activation()->set_request(request);
      packet.mutable_activation()->set_values(values_);
      return next_->write(std::move(packet));
    }
    std::unique_lock lock(mutex_);
    if (auto found = waiting_.extract(request)) {
      lock.unlock();
      found.mapped()->Finish(grpc::Status::OK);
    } else {
      there_.insert(request);
    }
  }

  const std::string values_;
  std::unique_ptr<Stream<proto::Packet>> next_;
  std::mutex mutex_;
  std::map<std::uint64_t, grpc::ServerUnaryReactor *> waiting_;
  std::set<std::uint64_t> there_; ///< came before somebody asked
};

std::atomic<bool> stopping = false;

} // namespace

int main(int argc, char **argv) {
  if (argc != 4 && argc != 6) {
    std::fprintf(stderr, "usage: relay ADDRESS BYTES IDENTITY [NEXT NEXT-ADDRESS]\n");
    return 1;
  }
  const auto credentials = Credentials::open(argv[3]);
  auto listener = Listener::open(argv[1]);
  for (const Status &status : {credentials.status(), listener.status()})
    if (!status.ok()) {
      std::fprintf(stderr, "error: %s\n", status.message().c_str());
      return 1;
    }
  std::unique_ptr<Stream<proto::Packet>> next;
  if (argc == 6)
    next = std::make_unique<Stream<proto::Packet>>(
        dial(argv[5], *credentials, argv[4]),
        [](proto::Node::Stub &stub, auto *context, auto *ack, auto *reactor) {
          stub.async()->Deliver(context, ack, reactor);
        },
        proto::Packet(), 256);
  Relay relay(std::strtoul(argv[2], nullptr, 10), std::move(next));
  grpc::ServerBuilder builder;
  builder.RegisterService(&relay);
  limit_connections(builder);
  (*listener)->attach(builder, server_credentials(*credentials));
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  (*listener)->start();
  std::signal(SIGTERM, [](int) { stopping = true; });
  while (!stopping) {
    relay.tick();
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  listener->reset();
  server->Shutdown(std::chrono::system_clock::now());
}
