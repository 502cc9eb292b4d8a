// A node at work, without a network: what it waits for, what it sends, what it answers.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "toy_network.h"

#include "rnet/net/engine.h"

#include <future>
#include <gtest/gtest.h>

namespace rnet::net {
namespace {

using namespace std::chrono_literals;
using test::toy;

/// After a deadline of 100 ms, on a busy machine; far from any other time here.
constexpr Duration kSoon = 1s;

/// Present where any input is; every element is the sum of the inputs' first ones.
class Stub final : public Program {
public:
  Status load(const WeightsFile &) override { return {}; }
  ArenaPlan arena_plan() const noexcept override { return {16, 1}; }
  void infer(std::span<const Tensor<const float>> inputs, std::span<const Tensor<float>> outputs,
             Arena &) const noexcept override {
    for (std::size_t row = 0; row < outputs[0].present.count; ++row) {
      outputs[0].present.rows[row] = 0;
      float sum = 0;
      for (const Tensor<const float> &input : inputs)
        if (input.present[row]) {
          outputs[0].present.rows[row] = 1;
          sum += *input.row(row);
        }
      std::fill_n(outputs[0].row(row), outputs[0].width, sum);
    }
    std::this_thread::sleep_for(takes);
  }
  Duration takes{};
};

/// A message that was sent.
struct Sent {
  std::size_t connection;
  bool present;
  UsedSet used;
  std::vector<float> values;
};

class Box final : public Outbox {
public:
  void send(std::size_t connection, const Message &message) override {
    std::lock_guard lock(mutex);
    sent.push_back({connection,
                    message.present,
                    message.used,
                    {message.values.begin(), message.values.end()}});
    arrived.notify_all();
  }
  /// The message that was sent n-th. The machine may be busy: what must come has time.
  std::optional<Sent> wait(std::size_t n, Duration limit = 10s) {
    std::unique_lock lock(mutex);
    if (!arrived.wait_for(lock, limit, [&] { return sent.size() > n; }))
      return std::nullopt;
    return sent[n];
  }
  std::mutex mutex;
  std::condition_variable arrived;
  std::vector<Sent> sent;
};

const std::vector<float> ones(test::kWidth, 1.0f);
Message tensor(std::uint64_t request, UsedSet used = 0, Duration deadline = 10s) {
  return {request, Clock::now() + deadline, true, used, ones};
}
Message absent(std::uint64_t request) { return {request, Clock::now() + 10s, false, 0, {}}; }

/// Node c adds b (position 0) and a (position 1); it sends along hyperconnection 3.
class SumNode : public testing::Test {
protected:
  void SetUp() override {
    engine.set_alive(0, true);
    engine.set_alive(1, true);
  }
  Stub program;
  Box box;
  Engine engine{toy, 2, program, box};
};

TEST_F(SumNode, WaitsForEveryInputThatCanStillCome) {
  engine.arrive(0, tensor(1, 0b1));
  EXPECT_FALSE(box.wait(0, 50ms));
  engine.arrive(1, tensor(1));
  auto sent = box.wait(0);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->connection, 3u);
  EXPECT_TRUE(sent->present);
  EXPECT_EQ(sent->used, 0b111u); // what b rests on, and both hyperconnections
}
TEST_F(SumNode, FiresAtOnceWhenTheMissingSenderDies) {
  engine.arrive(1, tensor(1));
  engine.set_alive(0, false);
  auto sent = box.wait(0);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->used, 0b100u);
}
TEST_F(SumNode, SendsAbsentWhenNothingIsPresent) {
  engine.arrive(0, absent(1));
  engine.arrive(1, absent(1));
  auto sent = box.wait(0);
  ASSERT_TRUE(sent);
  EXPECT_FALSE(sent->present);
  EXPECT_TRUE(sent->values.empty());
}
TEST_F(SumNode, FiresBeforeTheDeadlineWithWhatIsThere) {
  const Time begin = Clock::now();
  engine.arrive(0, tensor(1, 0, 100ms));
  auto sent = box.wait(0);
  ASSERT_TRUE(sent);
  EXPECT_LT(Clock::now() - begin, kSoon);
  EXPECT_EQ(sent->used, 0b10u);
}
TEST_F(SumNode, DropsDuplicatesAndWhatComesTooLate) {
  EXPECT_TRUE(engine.arrive(0, tensor(1)));
  EXPECT_FALSE(engine.arrive(0, tensor(1)));
  EXPECT_TRUE(engine.arrive(1, tensor(1)));
  ASSERT_TRUE(box.wait(0));
  EXPECT_FALSE(engine.arrive(1, tensor(1)));
  EXPECT_EQ(engine.counters().dropped(), 2u);
  EXPECT_FALSE(box.wait(1, 50ms));
}
TEST_F(SumNode, KeepsTheValuesOfEveryOpenRequest) {
  std::vector<float> values(test::kWidth);
  for (int round = 0; round < 3; ++round) { // more requests than are ready, then those again
    const std::uint64_t first = 100 * round;
    for (std::uint64_t request = 0; request < 20; ++request) {
      std::fill(values.begin(), values.end(), float(first + request)); // the caller's own
      engine.arrive(0, {first + request, Clock::now() + 10s, true, 0, values});
    }
    for (std::uint64_t request = 0; request < 20; ++request) {
      engine.arrive(1, request % 2 ? absent(first + request) : tensor(first + request));
      auto sent = box.wait(20 * round + request);
      ASSERT_TRUE(sent);
      EXPECT_EQ(sent->used, request % 2 ? 0b010u : 0b110u);
      EXPECT_EQ(sent->values,
                std::vector<float>(test::kWidth, float(first + request + (request % 2 ? 0 : 1))));
    }
  }
}
TEST_F(SumNode, ComputesWhatWaitsTogether) {
  constexpr std::uint64_t kRequests = 5;
  for (std::uint64_t request = 0; request < kRequests; ++request) {
    std::vector<float> values(test::kWidth, float(request));
    engine.arrive(1, {request, Clock::now() + 10s, true, 0, values});
  }
  engine.arrive(0, tensor(kRequests - 1, 0b1)); // it is settled, and goes at once
  engine.set_alive(0, false);                   // now the others are
  ASSERT_TRUE(box.wait(kRequests - 1));
  EXPECT_EQ(engine.counters().runs, 2u);
  EXPECT_EQ(box.sent[0].values, std::vector<float>(test::kWidth, kRequests - 1 + 1));
  EXPECT_EQ(box.sent[0].used, 0b111u);
  for (std::uint64_t request = 0; request + 1 < kRequests; ++request) {
    EXPECT_EQ(box.sent[1 + request].values, std::vector<float>(test::kWidth, float(request)));
    EXPECT_EQ(box.sent[1 + request].used, 0b100u);
  }
}
TEST_F(SumNode, ComputesNoMoreThanSoManyTogether) {
  for (std::uint64_t request = 0; request < Engine::kBatch + 1; ++request)
    engine.arrive(1, tensor(request));
  engine.set_alive(0, false);
  ASSERT_TRUE(box.wait(Engine::kBatch));
  EXPECT_EQ(engine.counters().runs, 2u);
}
TEST_F(SumNode, ComputesTogetherOnlyWhatIsDoneInTime) {
  program.takes = 100ms; // a row, as far as the engine knows
  engine.arrive(1, tensor(1));
  engine.arrive(0, tensor(1));
  ASSERT_TRUE(box.wait(0));
  for (std::uint64_t request = 2; request < 5; ++request)
    engine.arrive(1, tensor(request, 0, 190ms));
  engine.set_alive(0, false);
  ASSERT_TRUE(box.wait(3));
  EXPECT_EQ(engine.counters().runs, 4u);
}
TEST_F(SumNode, IsFedWhileAnyInputCanCome) {
  engine.set_alive(0, false);
  EXPECT_TRUE(engine.fed());
  engine.set_alive(1, false);
  EXPECT_FALSE(engine.fed());
}
TEST_F(SumNode, KeepsNoMoreThanSoManyRequests) {
  for (std::uint64_t request = 1; request <= Engine::kMaxOpen + 10; ++request)
    engine.arrive(0, tensor(request));
  EXPECT_GE(engine.counters().dropped(), 10u);
}

/// An answer, copied.
struct Given {
  bool present;
  std::string reason;
  std::vector<float> values;
  UsedSet used;
};
Given collect(Engine &engine, std::uint64_t request, Duration deadline = 10s) {
  auto promise = std::make_shared<std::promise<Given>>();
  engine.collect(request, Clock::now() + deadline, [promise](const Reply &reply) {
    promise->set_value({reply.present,
                        std::string(reply.reason),
                        {reply.values.begin(), reply.values.end()},
                        reply.used});
  });
  auto future = promise->get_future();
  EXPECT_EQ(future.wait_for(10s), std::future_status::ready);
  return future.get();
}

constexpr Head kExits[] = {{2, 0}};
constexpr OutputDescription kOutputs[] = {{"class", 3, 0, test::kWidth, {}, kExits}};
constexpr NetworkDescription with_exit() {
  NetworkDescription network = toy;
  network.outputs = kOutputs;
  return network;
}

/// Node c, with an exit.
class ExitNode : public testing::Test {
protected:
  void SetUp() override {
    engine.set_alive(0, true);
    engine.set_alive(1, true);
  }
  NetworkDescription network = with_exit();
  Stub program;
  Box box;
  Engine engine{network, 2, program, box};
};

TEST_F(ExitNode, SendsOnAndKeepsItsAnswer) {
  engine.arrive(0, tensor(1, 0b1));
  engine.arrive(1, tensor(1));
  auto sent = box.wait(0);
  ASSERT_TRUE(sent);
  EXPECT_EQ(sent->values, std::vector<float>(test::kWidth, 2));
  std::this_thread::sleep_for(50ms);
  const Given reply = collect(engine, 1);
  EXPECT_TRUE(reply.present);
  EXPECT_EQ(reply.values, sent->values);
  EXPECT_EQ(reply.used, 0b111u);
  EXPECT_FALSE(collect(engine, 1).present); // once
}
TEST_F(ExitNode, AnswersWhoAskedBefore) {
  auto asked = std::async(std::launch::async, [&] { return collect(engine, 1); });
  std::this_thread::sleep_for(50ms);
  engine.arrive(0, tensor(1));
  engine.arrive(1, absent(1));
  EXPECT_EQ(asked.get().used, 0b10u);
  EXPECT_TRUE(box.wait(0));
}
TEST_F(ExitNode, KeepsTheLastAnswersThatNobodyAskedFor) {
  constexpr std::uint64_t kMore = 10;
  for (std::uint64_t request = 1; request <= Engine::kMaxOpen + kMore; ++request) {
    engine.arrive(0, {request, Clock::now() + 10s, true, 0,
                      std::vector<float>(test::kWidth, float(request))});
    engine.arrive(1, absent(request));
    ASSERT_TRUE(box.wait(request - 1));
  }
  for (std::uint64_t request : {kMore - 1, std::uint64_t(1)})
    EXPECT_FALSE(collect(engine, request).present) << request;
  for (std::uint64_t request : {kMore + 2, Engine::kMaxOpen + kMore - 1})
    EXPECT_EQ(collect(engine, request).values, std::vector<float>(test::kWidth, float(request)));
}
TEST_F(ExitNode, SaysThatNothingFlowsWhenNothingIsPresent) {
  engine.arrive(0, absent(1));
  engine.arrive(1, absent(1));
  const Given reply = collect(engine, 1);
  EXPECT_FALSE(reply.present);
  EXPECT_NE(reply.reason.find("no information flow"), std::string::npos);
}

/// Node d takes c (position 0), or b (position 1) where c is absent; it holds the output.
class FailoverNode : public testing::Test {
protected:
  void SetUp() override {
    engine.set_alive(0, true);
    engine.set_alive(1, true);
  }
  Stub program;
  Box box;
  Engine engine{toy, 3, program, box};
};

TEST_F(FailoverNode, DoesNotWaitForAStandInThatIsNotNeeded) {
  engine.arrive(0, tensor(1, 0b1));
  const Given reply = collect(engine, 1);
  EXPECT_TRUE(reply.present);
  EXPECT_EQ(reply.used, 0b01001u);
}
TEST_F(FailoverNode, WaitsForTheStandInWhereTheInputIsAbsent) {
  engine.arrive(0, absent(1));
  engine.arrive(1, tensor(1));
  EXPECT_EQ(collect(engine, 1).used, 0b10000u);
}
TEST_F(FailoverNode, KeepsAnAnswerThatComesBeforeItIsAskedFor) {
  engine.arrive(0, tensor(1));
  std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(collect(engine, 1).present);
}
TEST_F(FailoverNode, KeepsAnswersApart) {
  for (std::uint64_t request : {1, 2, 3})
    engine.arrive(0, {request, Clock::now() + 10s, true, 0,
                      std::vector<float>(test::kWidth, float(request))});
  for (std::uint64_t request : {3, 1, 2})
    EXPECT_EQ(collect(engine, request).values, std::vector<float>(test::kClasses, float(request)));
}
TEST_F(FailoverNode, AnswersOnce) {
  engine.arrive(0, tensor(1));
  EXPECT_TRUE(collect(engine, 1).present);
  EXPECT_FALSE(collect(engine, 1).present);
}
TEST_F(FailoverNode, SaysThatNothingFlowsWhenAllSendersAreDead) {
  engine.set_alive(0, false);
  engine.set_alive(1, false);
  const Given reply = collect(engine, 1);
  EXPECT_FALSE(reply.present);
  EXPECT_NE(reply.reason.find("no information flow"), std::string::npos);
}

/// The same, b being on standby.
class StandbyNode : public testing::Test {
protected:
  StandbyNode() {
    connections[4].standby = true;
    network.hyperconnections = connections;
    engine.emplace(network, 3, program, box);
    EXPECT_FALSE(engine->quiet(1)); // nothing is alive
    engine->set_alive(0, true);
    engine->set_alive(1, true);
  }
  /// Requests that need input 1 now.
  std::vector<std::uint64_t> needs(Duration later = {}) {
    std::vector<std::uint64_t> requests;
    for (const Engine::Need &need : engine->needs(Clock::now() + later)) {
      EXPECT_EQ(need.input, 1u);
      requests.push_back(need.request);
    }
    return requests;
  }
  std::vector<HyperconnectionDescription> connections{toy.hyperconnections.begin(),
                                                      toy.hyperconnections.end()};
  NetworkDescription network = toy;
  Stub program;
  Box box;
  std::optional<Engine> engine;
};
using Requests = std::vector<std::uint64_t>;

TEST_F(StandbyNode, IsQuietWhileWhatItStandsInForIsAlive) {
  EXPECT_TRUE(engine->quiet(1));
  EXPECT_FALSE(engine->quiet(0));
  engine->set_alive(0, false);
  EXPECT_FALSE(engine->quiet(1));
  engine->set_alive(0, true);
  EXPECT_TRUE(engine->quiet(1));
  engine->set_alive(1, false); // nobody could ask for what it keeps back
  EXPECT_FALSE(engine->quiet(1));
}
TEST_F(StandbyNode, NeedsWhatARequestWouldTakeOnce) {
  engine->arrive(0, absent(1));
  engine->announce(2, Clock::now() + 10s);
  EXPECT_EQ(needs(), Requests{1});
  EXPECT_EQ(needs(), Requests{});
  EXPECT_FALSE(box.wait(0, 20ms)); // it waits for what it asked for
  engine->arrive(1, tensor(1));
  EXPECT_EQ(collect(*engine, 1).used, 0b10000u);
}
TEST_F(StandbyNode, NeedsNothingThatIsSentAnyway) {
  engine->arrive(0, absent(1));
  engine->set_alive(0, false); // so it is not quiet
  EXPECT_EQ(needs(), Requests{});
}
TEST_F(StandbyNode, NeedsWhatHasNotComeInHalfOfItsTime) {
  engine->announce(1, Clock::now() + 10s);
  EXPECT_EQ(needs(), Requests{});
  EXPECT_EQ(needs(3s), Requests{});
  EXPECT_EQ(needs(6s), Requests{1});
  engine->arrive(0, tensor(1));
  EXPECT_EQ(collect(*engine, 1).used, 0b01000u);
}
TEST_F(StandbyNode, KnowsRequestsThatAreAnnouncedTooLate) {
  engine->arrive(0, tensor(1));
  EXPECT_TRUE(collect(*engine, 1).present);
  engine->announce(1, Clock::now() + 10s);
  EXPECT_EQ(needs(9s), Requests{});
  EXPECT_EQ(engine->counters().requests, 1u);
}
TEST_F(StandbyNode, CountsAsAbsentOnlyWhatItNeeded) {
  engine->arrive(0, tensor(1));
  EXPECT_TRUE(collect(*engine, 1).present);
  EXPECT_EQ(engine->counters().absent, (Requests{0, 0}));
  engine->arrive(0, absent(2));
  EXPECT_EQ(needs(), Requests{2});
  engine->arrive(1, absent(2));
  EXPECT_FALSE(collect(*engine, 2).present);
  EXPECT_EQ(engine->counters().absent, (Requests{1, 1}));
}
TEST(StandbyNodes, NeedTheNearestOneFirst) {
  std::vector<HyperconnectionDescription> connections(toy.hyperconnections.begin(),
                                                      toy.hyperconnections.end());
  connections[4].standby = true;
  connections.push_back(
      {"a_to_d", HyperconnectionKind::skip, 0, 0, 3, test::kWidth, Element::f32, true});
  const Source inputs[] = {{Source::Kind::hyperconnection, 3},
                           {Source::Kind::hyperconnection, 4},
                           {Source::Kind::hyperconnection, 5}};
  const StandIn stand_ins[] = {{0b1, 0b10, 1}, {0b1, 0b100, 2}};
  std::vector<NodeDescription> nodes(toy.nodes.begin(), toy.nodes.end());
  nodes[3].inputs = inputs;
  nodes[3].mux = {MuxKind::failover, stand_ins};
  NetworkDescription network = toy;
  network.hyperconnections = connections;
  network.nodes = nodes;
  Stub program;
  Box box;
  Engine engine(network, 3, program, box);
  for (std::size_t input : {0, 1, 2})
    engine.set_alive(input, true);
  EXPECT_TRUE(engine.quiet(1) && engine.quiet(2));
  engine.arrive(0, absent(1));
  for (std::size_t input : {1, 2}) {
    const auto needs = engine.needs(Clock::now());
    ASSERT_EQ(needs.size(), 1u);
    EXPECT_EQ(needs[0].input, input);
    engine.arrive(input, absent(1));
  }
  EXPECT_FALSE(collect(engine, 1).present);
  engine.set_alive(0, false);
  EXPECT_TRUE(!engine.quiet(1) && engine.quiet(2));
  engine.set_alive(1, false);
  EXPECT_FALSE(engine.quiet(2));
}
TEST_F(StandbyNode, WaitsForWhatStandsInOnceTheSenderIsDead) {
  engine->announce(1, Clock::now() + 10s);
  engine->set_alive(0, false);
  EXPECT_FALSE(box.wait(0, 20ms));
  engine->arrive(1, tensor(1));
  EXPECT_EQ(collect(*engine, 1).used, 0b10000u);
}

TEST_F(FailoverNode, GivesUpAtTheDeadline) {
  const Time begin = Clock::now();
  EXPECT_FALSE(collect(engine, 1, 50ms).present);
  EXPECT_LT(Clock::now() - begin, kSoon);
}

} // namespace
} // namespace rnet::net
