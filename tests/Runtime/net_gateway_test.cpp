// A gateway asks again while a network recovers. SPDX-License-Identifier: Apache-2.0 WITH
// LLVM-exception
#include "gateway.h"
#include "node.grpc.pb.h"
#include "test_files.h"
#include "toy_network.h"

#include <future>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

namespace rnet::net {
namespace {

using namespace std::chrono_literals;

constexpr GenerationId kGeneration = 7;

/// All nodes of the toy network in one: nothing flows, until so many have asked.
class Recovering final : public proto::Node::CallbackService {
public:
  /// From now on.
  void refuse(int refusals) { refusals_ = refusals; }
  grpc::ServerUnaryReactor *Submit(grpc::CallbackServerContext *context,
                                   const proto::Submission *submission, proto::Ack *) override {
    EXPECT_EQ(submission->generation(), kGeneration);
    return finish(context);
  }
  grpc::ServerUnaryReactor *Collect(grpc::CallbackServerContext *context,
                                    const proto::Collection *collection,
                                    proto::Answer *answer) override {
    {
      std::lock_guard lock(mutex_);
      EXPECT_EQ(collection->generation(), kGeneration);
      EXPECT_TRUE(seen_.insert(collection->request()).second) << "a node takes a number once";
    }
    answer->set_present(refusals_-- <= 0);
    if (answer->present()) {
      const std::vector<float> values(test::kClasses, 0.25f);
      answer->set_values(values.data(), values.size() * sizeof(float));
    } else {
      answer->set_reason("all ways are down");
    }
    return finish(context);
  }

private:
  static grpc::ServerUnaryReactor *finish(grpc::CallbackServerContext *context) {
    grpc::ServerUnaryReactor *reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
  std::atomic<int> refusals_ = 0;
  std::mutex mutex_;
  std::set<std::uint64_t> seen_;
};

struct Asked {
  BatchResult result;
  std::uint64_t again;
};

/// What a client sees of nodes that refuse so often.
Asked ask(int refusals, std::chrono::microseconds timeout, std::size_t rows = 1) {
  const test::Folder folder;
  const std::string address = "unix:" + folder.file("node");
  Recovering nodes;
  grpc::ServerBuilder builder;
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&nodes);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  const Log log{Log::Format::json, "d"};
  Traffic traffic{log};
  traffic.hold({kGeneration});
  Gateway gateway(test::toy, {{"a", address}, {"d", address}}, Credentials(), 1s, traffic);
  const auto infer = [&](std::chrono::microseconds timeout) {
    std::promise<BatchResult> promise;
    gateway.infer({rows, {std::vector<float>(rows * test::kInput)}, timeout},
                  [&](BatchResult result) { promise.set_value(std::move(result)); });
    BatchResult result = promise.get_future().get();
    while (!gateway.idle())
      std::this_thread::yield();
    return result;
  };
  while (infer(5s).outcome != Outcome::answered) {
    // Connections are made.
  }
  const std::uint64_t before = gateway.statistics().asked_again;
  nodes.refuse(refusals);
  BatchResult result = infer(timeout);
  return {std::move(result), gateway.statistics().asked_again - before};
}

TEST(GatewayTest, AsksAgainWhileNothingFlows) {
  const Asked asked = ask(3, 5s);
  EXPECT_EQ(asked.result.outcome, Outcome::answered) << asked.result.message;
  EXPECT_EQ(asked.result.answers.at(0).values, std::vector<float>(test::kClasses, 0.25f));
  EXPECT_EQ(asked.again, 3u);
  EXPECT_GE(asked.result.seconds, 0.07) << "10, 20 and 40 ms between";
}

TEST(GatewayTest, AsksAgainForEachRowByItself) {
  const Asked asked = ask(3, 5s, 4);
  EXPECT_EQ(asked.result.outcome, Outcome::answered) << asked.result.message;
  EXPECT_EQ(asked.again, 3u);
}

TEST(GatewayTest, GivesUpWhenItsPatienceEnds) {
  const Asked asked = ask(1000, 5s);
  EXPECT_EQ(asked.result.outcome, Outcome::no_flow);
  EXPECT_EQ(asked.result.message, "all ways are down");
  EXPECT_GE(asked.again, 1u);
  EXPECT_LE(asked.again, 8u) << "the last time after 270 ms";
}

TEST(GatewayTest, DoesNotAskAgainAfterTheDeadline) {
  const Asked asked = ask(1000, 100ms);
  // On a busy machine the last answer may be late.
  EXPECT_TRUE(asked.result.outcome == Outcome::no_flow ||
              asked.result.outcome == Outcome::deadline);
  EXPECT_LE(asked.again, 3u) << "after 10, 30 and 70 ms";
}

} // namespace
} // namespace rnet::net
