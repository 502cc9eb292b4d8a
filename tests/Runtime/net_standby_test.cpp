// Skips on standby: what a sender keeps back, what its receiver asks for.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "held_back.h"
#include "outbound.h"
#include "service.h"
#include "test_files.h"
#include "toy_network.h"

#include <future>
#include <gtest/gtest.h>
#include <thread>

namespace rnet::net {
namespace {

using namespace std::chrono_literals;

//===-- What is kept back ---------------------------------------------------------------------===//

class HeldBackTest : public testing::Test {
protected:
  static constexpr GenerationId kOld = 7, kNew = 8;

  bool keep(std::uint64_t request, GenerationId generation = kOld, Duration left = 10s) {
    proto::Activation activation;
    activation.set_request(request);
    activation.set_generation(generation);
    activation.set_values("1234");
    return held.keep(activation, Clock::now() + left);
  }
  /// What is given when the receiver says this.
  std::vector<std::uint64_t> hear(const std::vector<GenerationId> &quiet,
                                  const std::vector<std::uint64_t> &needs = {}) {
    proto::Word word;
    word.mutable_quiet()->Assign(quiet.begin(), quiet.end());
    for (std::uint64_t request : needs) {
      word.add_needs()->set_request(request);
      word.mutable_needs()->rbegin()->set_generation(kOld);
    }
    std::vector<std::uint64_t> given;
    held.hear(word, [&](const proto::Activation &activation, Time) {
      given.push_back(activation.request());
      EXPECT_EQ(activation.values(), "1234");
    });
    return given;
  }
  HeldBack held{4};
};
using Requests = std::vector<std::uint64_t>;

TEST_F(HeldBackTest, KeepsNothingUntilTheReceiverHasSpoken) {
  EXPECT_FALSE(keep(1));
  EXPECT_EQ(hear({kOld}), Requests{});
  EXPECT_TRUE(keep(2));
  EXPECT_FALSE(keep(3, kNew));
}
TEST_F(HeldBackTest, GivesAllThatIsNotTooLateTheOldestFirstAndOnce) {
  hear({kOld, kNew});
  for (std::uint64_t request : {5, 3, 4})
    EXPECT_TRUE(keep(request));
  EXPECT_TRUE(keep(6, kNew));
  EXPECT_TRUE(keep(9, kOld, -1ms));
  EXPECT_EQ(hear({kNew}), (Requests{5, 3, 4}));
  EXPECT_EQ(hear({}), Requests{6}); // nor is the receiver heard any more
  EXPECT_EQ(hear({}), Requests{});
  EXPECT_FALSE(keep(7));
}
TEST_F(HeldBackTest, GivesWhatIsNeededAlone) {
  hear({kOld});
  for (std::uint64_t request : {1, 2, 3})
    keep(request);
  EXPECT_EQ(hear({kOld}, {2, 1}), (Requests{2, 1}));
  // What is still to come is sent when it comes, once; what has been given is not given again.
  EXPECT_EQ(hear({kOld}, {4, 2}), Requests{});
  EXPECT_FALSE(keep(4));
  EXPECT_TRUE(keep(4));
  EXPECT_TRUE(keep(5));
  EXPECT_EQ(hear({}), (Requests{3, 4, 5}));
}
TEST_F(HeldBackTest, KeepsTheLastOnes) {
  hear({kOld});
  for (std::uint64_t request = 0; request < HeldBack::kMost + 2; ++request)
    EXPECT_TRUE(keep(request));
  const Requests given = hear({});
  EXPECT_EQ(given.size(), HeldBack::kMost);
  EXPECT_EQ(given.front(), 2u);
  EXPECT_EQ(given.back(), HeldBack::kMost + 1);
}
TEST_F(HeldBackTest, AnnouncesWhatIsKeptOnce) {
  hear({kOld});
  keep(1);
  keep(2, kOld, -1ms);
  proto::Beat beat;
  held.announce(4, beat);
  ASSERT_EQ(beat.kept_size(), 1);
  EXPECT_EQ(beat.kept(0).hyperconnection(), 4u);
  EXPECT_EQ(beat.kept(0).generation(), kOld);
  EXPECT_EQ(beat.kept(0).request(), 1u);
  EXPECT_NEAR(beat.kept(0).remaining_us(), 10e6, 5e6);
  keep(3);
  held.announce(4, beat);
  ASSERT_EQ(beat.kept_size(), 2);
  EXPECT_EQ(beat.kept(1).request(), 3u);
}

//===-- Two ends ------------------------------------------------------------------------------===//

constexpr std::size_t kB = 1, kC = 2, kD = 3, kCToD = 3, kBToD = 4;

/// The toy network, its skip from b to d on standby: that to c has a mux that adds.
const NetworkDescription &toy_on_standby() {
  static std::vector<HyperconnectionDescription> connections(test::toy.hyperconnections.begin(),
                                                             test::toy.hyperconnections.end());
  static NetworkDescription network = test::toy;
  connections[kBToD].standby = true;
  network.hyperconnections = connections;
  return network;
}

/// Node d with its server, and what nodes b and c send to it. They are alive until they are reset.
class StandbyTest : public testing::Test {
protected:
  StandbyTest() : network(toy_on_standby()) {
    const std::string weights = folder_.file("w");
    EXPECT_TRUE(test::write_toy_weights(weights, {}, 1).ok());
    EXPECT_TRUE(generations_.add(weights, "").ok());
    grpc::ServerBuilder builder;
    builder.AddListeningPort("unix:" + folder_.file("d"), grpc::InsecureServerCredentials());
    builder.RegisterService(&service_);
    server_ = builder.BuildAndStart();
    b = start(kB);
    c = start(kC);
    ticker_ = std::thread([this] {
      while (!stopping_) {
        std::this_thread::sleep_for(kBeatInterval);
        std::lock_guard lock(mutex_);
        for (auto &node : {b, c})
          if (node)
            node->tick(generations_.held());
        peers_.check(Clock::now(), {});
      }
    });
  }
  ~StandbyTest() override {
    stopping_ = true;
    ticker_.join();
    b.reset();
    c.reset();
    server_->Shutdown(std::chrono::system_clock::now());
  }

  std::shared_ptr<Outbound> start(std::size_t node) {
    auto outbound = std::make_shared<Outbound>(
        network, node, ++incarnation_,
        std::map<std::string, std::string>{{"c", "unix:" + folder_.file("nobody")},
                                           {"d", "unix:" + folder_.file("d")}},
        std::map<std::string, Duration>(), Credentials());
    outbound->hold(generations_.hashes());
    return outbound;
  }
  void set(std::shared_ptr<Outbound> &node, std::shared_ptr<Outbound> now) {
    std::lock_guard lock(mutex_);
    node.swap(now);
  }
  void send(const std::shared_ptr<Outbound> &node, std::size_t connection, std::uint64_t request,
            bool present = true, Duration left = 20s) {
    node->send(generations_.held()[0], Encoding(network.hyperconnections[connection]), connection,
               {request, Clock::now() + left, present, 0,
                present ? std::span<const float>(values_) : std::span<const float>()});
  }
  /// By which hyperconnections a request is answered; nothing: it is not.
  std::optional<UsedSet> answer(std::uint64_t request, Duration left = 20s) {
    auto promise = std::make_shared<std::promise<std::optional<UsedSet>>>();
    engine().collect(request, Clock::now() + left, [promise](const Reply &reply) {
      promise->set_value(reply.present ? std::optional(reply.used) : std::nullopt);
    });
    return promise->get_future().get();
  }
  Engine &engine() { return generations_.find(generations_.held()[0])->engine(); }
  std::uint64_t sent() const { return b->sent_bytes()[kBToD]; }
  /// Whether b keeps back what it has for d; asks so with requests of its own.
  bool is_quiet() {
    const std::uint64_t before = sent();
    send(b, kBToD, next_probe_++, true, 0ms); // too late to be given later
    return sent() == before;
  }
  template <class Holds> static bool eventually(Holds holds) {
    for (int k = 0; k < 2000; ++k) {
      if (holds())
        return true;
      std::this_thread::sleep_for(5ms);
    }
    return false;
  }
  /// The first word to node c, or why there is none.
  Expected<proto::Word> listen(const std::string &hyperconnection) {
    proto::Hello hello;
    hello.set_topology(std::string(network.topology_fingerprint));
    hello.add_weights(generations_.hashes()[0]);
    hello.set_node("c");
    hello.set_hyperconnection(hyperconnection);
    hello.set_incarnation(incarnation_);
    grpc::ClientContext context;
    proto::Word word;
    const auto stub = proto::Node::NewStub(server_->InProcessChannel({}));
    const auto reader = stub->Listen(&context, hello);
    if (!reader->Read(&word))
      return Status::error(reader->Finish().error_message());
    context.TryCancel();
    reader->Finish();
    return word;
  }

  const NetworkDescription &network;
  static constexpr UsedSet kFromC = 1 << kCToD, kFromB = 1 << kBToD;
  std::shared_ptr<Outbound> b, c;

private:
  const test::Folder folder_;
  const std::vector<float> values_ = std::vector<float>(test::kWidth, 0.5f);
  std::uint64_t incarnation_ = 0, next_probe_ = 1'000'000;
  const Log log_{Log::Format::plain, "d"};
  std::atomic<bool> stopping_ = false;
  Generations generations_{network, kD,
                           []() -> std::unique_ptr<Program> { return std::make_unique<test::D>(); },
                           [](const Generation &, std::size_t, const Message &) {}};
  // Nobody is suspected for his silence: this machine may be busy.
  Peers peers_{network, kD, generations_, log_, stopping_, {{"b", 10s}, {"c", 10s}}};
  Service service_{network, kD, generations_, peers_, log_, {}, 1};
  std::unique_ptr<grpc::Server> server_;
  std::mutex mutex_;
  std::thread ticker_;
};

TEST_F(StandbyTest, CarriesNothingWhileWhatItStandsInForIsAlive) {
  ASSERT_TRUE(eventually([&] { return is_quiet(); }));
  const std::uint64_t before = sent();
  for (std::uint64_t request = 1; request <= 20; ++request) {
    send(b, kBToD, request);
    send(c, kCToD, request);
    EXPECT_EQ(answer(request), kFromC) << request;
  }
  EXPECT_EQ(sent(), before);
  EXPECT_EQ(engine().counters().absent[1], 0u); // what is not needed is not missed
}
TEST_F(StandbyTest, CarriesWhatWasKeptAndWhatFollowsWhileThatIsDeadAndThenNothingAgain) {
  ASSERT_TRUE(eventually([&] { return is_quiet(); }));
  const std::uint64_t bytes = test::kWidth * sizeof(float);
  for (std::uint64_t request : {1, 2, 3})
    send(b, kBToD, request);
  const std::uint64_t before = sent();
  set(c, nullptr);
  for (std::uint64_t request : {1, 2, 3})
    EXPECT_EQ(answer(request), kFromB) << request;
  EXPECT_EQ(sent(), before + 3 * bytes);
  send(b, kBToD, 4);
  EXPECT_EQ(answer(4), kFromB);
  EXPECT_EQ(sent(), before + 4 * bytes);
  set(c, start(kC));
  EXPECT_TRUE(eventually([&] { return is_quiet(); }));
  send(b, kBToD, 5);
  send(c, kCToD, 5);
  EXPECT_EQ(answer(5), kFromC);
}
TEST_F(StandbyTest, CarriesWhatARequestNeedsWhoseInputIsAbsent) {
  ASSERT_TRUE(eventually([&] { return is_quiet(); }));
  send(b, kBToD, 1);
  send(c, kCToD, 1, false);
  EXPECT_EQ(answer(1), kFromB);
  // Or which it still waits for itself.
  send(c, kCToD, 2, false);
  std::this_thread::sleep_for(50ms); // most likely it has heard of that by now
  send(b, kBToD, 2);
  EXPECT_EQ(answer(2), kFromB);
  EXPECT_TRUE(is_quiet());
}
TEST_F(StandbyTest, StandsInInTimeForWhatIsAliveAndSilent) {
  ASSERT_TRUE(eventually([&] { return is_quiet(); }));
  send(b, kBToD, 1, true, 1s);
  // Nobody has told d of the request but b, by its beats. Afterwards b would give nothing any more.
  std::this_thread::sleep_for(1200ms);
  EXPECT_EQ(answer(1, 100ms), kFromB);
  EXPECT_TRUE(is_quiet());
}
TEST_F(StandbyTest, CarriesEverythingToAReceiverThatIsNotHeard) {
  ASSERT_TRUE(eventually([&] { return is_quiet(); }));
  const auto restarted = start(kB);
  send(restarted, kBToD, 1);
  EXPECT_EQ(restarted->sent_bytes()[kBToD], test::kWidth * sizeof(float));
  set(b, restarted);
  EXPECT_TRUE(eventually([&] { return is_quiet(); }));
}
TEST_F(StandbyTest, NeedsEverythingOfWhatIsNotOnStandby) {
  // Its sender may think otherwise: it was built from another spec.
  const auto word = listen("c_to_d");
  ASSERT_TRUE(word.ok()) << word.message();
  EXPECT_EQ(word->quiet_size(), 0);
  EXPECT_EQ(listen("b_to_d").message(), "no such hyperconnection to this node"); // it is b's
}

} // namespace
} // namespace rnet::net
