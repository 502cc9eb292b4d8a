// What a node takes from the nodes before it. SPDX-License-Identifier: Apache-2.0 WITH
// LLVM-exception
#include "service.h"
#include "test_files.h"
#include "toy_network.h"

#include "rnet/core/weights_file.h"

#include <gtest/gtest.h>
#include <thread>

namespace rnet::net {
namespace {

constexpr std::size_t kB = 1, kC = 2; // c takes b_to_c and a_to_c, sends c_to_d

/// Node c of the toy network at work, and what it sends.
class ServiceTest : public testing::Test {
protected:
  explicit ServiceTest(const NetworkDescription &network = test::toy)
      : generations(
            network, kC, []() -> std::unique_ptr<Program> { return std::make_unique<test::C>(); },
            [this](const Generation &, std::size_t, const Message &message) {
              std::lock_guard lock(mutex_);
              sent_.push_back(message.request);
            }),
        peers(network, kC, generations, log_, stopping_),
        service(network, kC, generations, peers, log_, {}, 1) {
    EXPECT_TRUE(generations.add(weights(1), "").ok());
    old = generations.held()[0];
    grpc::ServerBuilder builder;
    builder.RegisterService(&service);
    server_ = builder.BuildAndStart();
    stub = proto::Node::NewStub(server_->InProcessChannel({}));
  }
  ~ServiceTest() override { server_->Shutdown(std::chrono::system_clock::now()); }

  /// A file of weights; other seeds give other ones.
  std::string weights(std::uint_fast32_t seed) {
    const std::string path = folder_.file("w" + std::to_string(seed));
    EXPECT_TRUE(test::write_toy_weights(path, {}, seed).ok());
    return path;
  }
  std::vector<std::uint64_t> sent() {
    std::lock_guard lock(mutex_);
    return sent_;
  }

  /// A stream from node b, or its heartbeats.
  template <class T> struct From {
    grpc::ClientContext context;
    proto::Ack ack;
    std::unique_ptr<grpc::ClientWriter<T>> writer;
    grpc::Status end() {
      writer->WritesDone();
      return writer->Finish();
    }
  };
  proto::Hello hello(std::uint64_t incarnation, const std::string &node = "b") const {
    proto::Hello hello;
    hello.set_topology(std::string(test::toy.topology_fingerprint));
    for (const std::string &hash : generations.hashes())
      hello.add_weights(hash);
    hello.set_node(node);
    hello.set_hyperconnection(node + "_to_c");
    hello.set_incarnation(incarnation);
    return hello;
  }
  std::unique_ptr<From<proto::Packet>> deliver(std::uint64_t incarnation) {
    auto from = std::make_unique<From<proto::Packet>>();
    from->writer = stub->Deliver(&from->context, &from->ack);
    proto::Packet packet;
    *packet.mutable_hello() = hello(incarnation);
    from->writer->Write(packet);
    return from;
  }
  std::unique_ptr<From<proto::Beat>> beat(std::uint64_t incarnation) {
    auto from = std::make_unique<From<proto::Beat>>();
    from->writer = stub->Heartbeat(&from->context, &from->ack);
    proto::Beat beat;
    *beat.mutable_hello() = hello(incarnation);
    for (GenerationId id : generations.held())
      beat.add_fed(id);
    for (int k = 0; k < 5; ++k)
      from->writer->Write(beat);
    return from;
  }
  proto::Packet activation(std::uint64_t request, std::uint64_t sequence,
                           std::optional<GenerationId> generation = {}) const {
    proto::Packet packet;
    proto::Activation &activation = *packet.mutable_activation();
    activation.set_request(request);
    activation.set_sequence(sequence);
    activation.set_generation(generation.value_or(old));
    activation.set_remaining_us(60'000'000);
    activation.set_present(true);
    const std::vector<float> values(test::kWidth, 0.5f);
    activation.set_values(std::string(bytes_of(values)));
    return packet;
  }
  std::uint64_t dropped() {
    grpc::ClientContext context;
    proto::StatusReply reply;
    EXPECT_TRUE(stub->Status(&context, {}, &reply).ok());
    return reply.dropped();
  }
  bool b_is_missing() {
    const auto missing = peers.missing();
    return std::find(missing.begin(), missing.end(), "b") != missing.end();
  }
  template <class Holds> static bool eventually(Holds holds) {
    for (int k = 0; k < 1000; ++k) {
      if (holds())
        return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

private:
  const test::Folder folder_;
  std::mutex mutex_;
  std::vector<std::uint64_t> sent_;

protected:
  GenerationId old = 0; ///< the one that is held from the start
  Generations generations;

private:
  const Log log_{Log::Format::plain, "c"};
  const std::atomic<bool> stopping_ = false;

protected:
  Peers peers;
  Service service;

private:
  std::unique_ptr<grpc::Server> server_;

protected:
  std::unique_ptr<proto::Node::Stub> stub;
};

using Sent = std::vector<std::uint64_t>;

TEST_F(ServiceTest, DropsWhatIsRepeatedOrLate) {
  const auto beats = beat(7);
  const auto b = deliver(7);
  ASSERT_TRUE(eventually([&] { return !b_is_missing(); }));
  b->writer->Write(activation(1, 5));
  ASSERT_TRUE(eventually([&] { return sent() == Sent{1}; }));
  b->writer->Write(activation(2, 5)); // twice
  b->writer->Write(activation(3, 4)); // out of order
  b->writer->Write(activation(4, 0)); // without a number
  b->writer->Write(activation(1, 6)); // of a request that is done
  proto::Packet foreign = activation(6, 7);
  foreign.mutable_activation()->set_values("x");
  b->writer->Write(foreign);
  b->writer->Write(activation(5, 7));
  ASSERT_TRUE(eventually([&] { return sent() == (Sent{1, 5}); }));
  EXPECT_EQ(service.counters().stale, 3u);
  EXPECT_EQ(service.counters().malformed, 1u);
  EXPECT_EQ(dropped(), 5u); // the engine has counted the one that came too late
}

TEST_F(ServiceTest, DropsWhatIsOfAGenerationThatItDoesNotHold) {
  const auto beats = beat(7);
  const auto b = deliver(7);
  ASSERT_TRUE(eventually([&] { return !b_is_missing(); }));
  const GenerationId other = old + 1;
  b->writer->Write(activation(1, 5, other));
  b->writer->Write(activation(1, 6));
  ASSERT_TRUE(eventually([&] { return sent() == Sent{1}; }));
  EXPECT_EQ(service.counters().unknown_generation, 1u);
  proto::Submission submission;
  submission.set_generation(other);
  grpc::ClientContext context;
  proto::Ack ack;
  const grpc::Status status = stub->Submit(&context, submission, &ack);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(status.error_message(),
            "node 'c' does not hold generation " + name_of_generation(other));
  EXPECT_EQ(service.counters().unknown_generation, 2u);
  EXPECT_EQ(dropped(), 2u);
}

TEST_F(ServiceTest, IsReadyInAGenerationOnceItsSendersAre) {
  ASSERT_TRUE(generations.add(weights(2), "").ok());
  const std::vector<GenerationId> held = generations.held();
  ASSERT_EQ(held.size(), 2u);
  const auto ready = [&] {
    grpc::ClientContext context;
    proto::StatusReply reply;
    EXPECT_TRUE(stub->Status(&context, {}, &reply).ok());
    return std::vector<GenerationId>(reply.generations().begin(), reply.generations().end());
  };
  EXPECT_EQ(ready(), held); // nobody is heard in any
  const auto b = deliver(7);
  From<proto::Beat> beats;
  beats.writer = stub->Heartbeat(&beats.context, &beats.ack);
  proto::Beat beat;
  *beat.mutable_hello() = hello(7);
  beat.add_fed(held[0]);
  for (int k = 0; k < 5; ++k)
    beats.writer->Write(beat);
  EXPECT_TRUE(eventually([&] { return ready() == std::vector{held[0]}; }));
  EXPECT_FALSE(b_is_missing());
  // For the new one, b is as good as dead: nobody waits for it, and a stand-in may take its place.
  EXPECT_FALSE(generations.find(held[1])->engine().fed());
  beat.add_fed(held[1]);
  beats.writer->Write(beat);
  EXPECT_TRUE(eventually([&] { return ready() == held; }));
  EXPECT_TRUE(generations.find(held[1])->engine().fed());
}

TEST_F(ServiceTest, TakesStreamsOfWhoHoldsOneOfItsGenerations) {
  ASSERT_TRUE(generations.add(weights(2), "").ok());
  From<proto::Packet> from;
  from.writer = stub->Deliver(&from.context, &from.ack);
  proto::Packet packet;
  *packet.mutable_hello() = hello(7);
  packet.mutable_hello()->mutable_weights()->DeleteSubrange(0, 1);
  from.writer->Write(packet);
  EXPECT_TRUE(from.end().ok());
  From<proto::Packet> other;
  other.writer = stub->Deliver(&other.context, &other.ack);
  packet.mutable_hello()->set_weights(0, "another");
  other.writer->Write(packet);
  EXPECT_EQ(other.writer->Finish().error_message(), "other weights");
}

/// Values of two bytes each.
class NarrowServiceTest : public ServiceTest {
protected:
  NarrowServiceTest() : ServiceTest(network()) {}

private:
  static const NetworkDescription &network() {
    static std::vector<HyperconnectionDescription> connections(test::toy.hyperconnections.begin(),
                                                               test::toy.hyperconnections.end());
    static NetworkDescription narrow = test::toy;
    for (HyperconnectionDescription &connection : connections)
      connection.element = Element::bf16;
    narrow.hyperconnections = connections;
    return narrow;
  }
};

TEST_F(NarrowServiceTest, TakesAsManyBytesAsTheElementsHaveAndNoOthers) {
  const auto beats = beat(7);
  const auto b = deliver(7);
  ASSERT_TRUE(eventually([&] { return !b_is_missing(); }));
  b->writer->Write(activation(1, 1)); // f32
  for (std::size_t bytes :
       {2 * test::kWidth - 1, 2 * test::kWidth + 1, test::kWidth, std::size_t(0)}) {
    proto::Packet wrong = activation(2, 2);
    wrong.mutable_activation()->set_values(std::string(bytes, '\1'));
    b->writer->Write(wrong);
  }
  proto::Packet right = activation(3, 3);
  right.mutable_activation()->set_values(std::string(2 * test::kWidth, '\1'));
  b->writer->Write(right);
  ASSERT_TRUE(eventually([&] { return sent() == Sent{3}; }));
  EXPECT_EQ(service.counters().malformed, 5u);
}

TEST_F(ServiceTest, KnowsWhatCameOnAStreamBefore) {
  const auto beats = beat(7);
  const auto first = deliver(7);
  ASSERT_TRUE(eventually([&] { return !b_is_missing(); }));
  first->writer->Write(activation(1, 5));
  ASSERT_TRUE(eventually([&] { return sent() == Sent{1}; }));
  // The sender dials again: its messages are numbered on, and nothing old counts again.
  const auto second = deliver(7);
  second->writer->Write(activation(2, 5));
  second->writer->Write(activation(3, 6));
  ASSERT_TRUE(eventually([&] { return sent() == (Sent{1, 3}); }));
  EXPECT_EQ(dropped(), 1u);
  // One stream counts, the last one; the one before has been ended.
  EXPECT_EQ(first->end().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_FALSE(b_is_missing());
}

TEST_F(ServiceTest, RefusesAnOlderIncarnationWhileTheLastOneLives) {
  auto beats = beat(7);
  auto young = deliver(7);
  ASSERT_TRUE(eventually([&] { return !b_is_missing(); }));
  for (std::uint64_t incarnation : {6, 0}) {
    const grpc::Status stream = deliver(incarnation)->end();
    EXPECT_EQ(stream.error_code(), grpc::StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(stream.error_message(), "an older incarnation than the present one");
    EXPECT_EQ(beat(incarnation)->end().error_code(), grpc::StatusCode::PERMISSION_DENIED);
  }
  EXPECT_EQ(service.counters().refused, 4u);
  EXPECT_EQ(dropped(), 4u);
  EXPECT_FALSE(b_is_missing());
  young->writer->Write(activation(1, 1));
  EXPECT_TRUE(eventually([&] { return sent() == Sent{1}; }));
  // A clock that was set back must not shut a node out for good.
  EXPECT_TRUE(beats->end().ok());
  EXPECT_TRUE(young->end().ok());
  ASSERT_TRUE(eventually([&] { return b_is_missing(); }));
  beats = beat(6);
  const auto old = deliver(6);
  EXPECT_TRUE(eventually([&] { return !b_is_missing(); }));
  old->writer->Write(activation(2, 1));
  EXPECT_TRUE(eventually([&] { return sent() == (Sent{1, 2}); }));
}

TEST_F(ServiceTest, TakesAYoungerIncarnationAtOnce) {
  const auto old_beats = beat(7);
  const auto old = deliver(7);
  ASSERT_TRUE(eventually([&] { return !b_is_missing(); }));
  old->writer->Write(activation(1, 100));
  ASSERT_TRUE(eventually([&] { return sent() == Sent{1}; }));
  const auto young = deliver(8);
  EXPECT_TRUE(eventually([&] { return b_is_missing(); })); // its heart has not beaten yet
  const auto beats = beat(8);
  EXPECT_TRUE(eventually([&] { return !b_is_missing(); }));
  EXPECT_EQ(peers.counters().rejoins[kB], 1u);
  young->writer->Write(activation(2, 1)); // numbered anew
  EXPECT_TRUE(eventually([&] { return sent() == (Sent{1, 2}); }));
  EXPECT_EQ(old->end().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(old_beats->end().error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_FALSE(b_is_missing());
}

TEST_F(ServiceTest, EndsStreamsThatDoNotSayWhoseTheyAre) {
  std::vector<std::unique_ptr<From<proto::Packet>>> silent;
  for (std::size_t k = 0; k < Peers::kStrangers + 1; ++k) {
    silent.push_back(std::make_unique<From<proto::Packet>>());
    silent.back()->writer = stub->Deliver(&silent.back()->context, &silent.back()->ack);
    dropped(); // an answer: the node has come to know of the stream
  }
  // The oldest goes when there are too many, all when their time is over.
  EXPECT_EQ(silent.front()->writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
  peers.check(Clock::now() + 2 * Peers::kGreeting, {});
  for (std::size_t k = 1; k < silent.size(); ++k)
    EXPECT_EQ(silent[k]->writer->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

} // namespace
} // namespace rnet::net
