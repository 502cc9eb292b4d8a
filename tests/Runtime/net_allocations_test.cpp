// After its start a node allocates nothing for a request: programs, routing, deadlines, answers.
// gRPC and protobuf, which carry the messages, do, and stand outside.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "allocations.h"
#include "engines.h"
#include "small_network.h"
#include "test_files.h"
#include "toy_network.h"

#include <cstdlib>
#include <future>
#include <gtest/gtest.h>

// Eigen allocates for temporaries, and has a guard against that (EIGEN_RUNTIME_NO_MALLOC). A node
// needs none: nothing that it is made of, which is all above, includes Eigen.
#ifdef EIGEN_WORLD_VERSION
#error "a node's programs use Eigen: forbid its allocations here"
#endif

namespace rnet::test {
namespace {

/// What `work` allocates.
template <class Work> std::size_t allocated_by(const Work &work) {
  const std::size_t before = allocations();
  work();
  return allocations() - before;
}

TEST(AllocationsTest, CountsEveryKind) {
  EXPECT_EQ(allocated_by([] {}), 0u);
  EXPECT_EQ(allocated_by([] { ::operator delete(::operator new(8)); }), 1u);
  std::vector<float> values;
  EXPECT_EQ(allocated_by([&] { values.resize(100); }), 1u);
  void *volatile memory = nullptr;
  EXPECT_EQ(allocated_by([&] { memory = std::malloc(8); }), 1u);
  EXPECT_EQ(allocated_by([&] { memory = std::realloc(memory, 1 << 20); }), 1u);
  std::free(memory);
  EXPECT_EQ(allocated_by([&] { memory = std::calloc(8, 8); }), 1u);
  std::free(memory);
  EXPECT_EQ(allocated_by([&] { memory = std::aligned_alloc(64, 64); }), 1u);
  std::free(memory);
}
TEST(AllocationsTest, CountsOtherThreads) {
  std::promise<void> go, done;
  std::thread other([&] {
    go.get_future().wait();
    ::operator delete(::operator new(8));
    done.set_value();
  });
  auto finished = done.get_future();
  EXPECT_EQ(allocated_by([&] {
              go.set_value();
              finished.wait();
            }),
            1u);
  other.join();
}

/// The toy network with its weights loaded.
class ToyEngines : public testing::Test {
protected:
  void SetUp() override {
    const std::string path = folder.file("w.safetensors");
    ASSERT_TRUE(write_toy_weights(path, {}).ok());
    auto weights = WeightsFile::open(path);
    ASSERT_TRUE(weights.ok());
    for (Program *program : toy_programs.programs)
      ASSERT_TRUE(program->load(*weights).ok());
    programs.assign(std::begin(toy_programs.programs), std::end(toy_programs.programs));
  }
  Folder folder;
  Toy toy_programs;
  std::vector<const Program *> programs;
};

TEST_F(ToyEngines, AllocateNothingForARequest) {
  for (DownSet down : {0b0000, 0b0010, 0b0100, 0b0110}) { // b, c
    SCOPED_TRACE(down);
    Engines engines(toy, programs, down);
    std::size_t answered = 0;
    EXPECT_EQ(allocated_by([&] {
                // One more may still be on its way out of a node.
                for (int k = 0; k < 100; ++k)
                  answered += engines.answer(net::Engine::kReady - 1);
              }),
              0u);
    EXPECT_EQ(answered, 100 * (net::Engine::kReady - 1));
  }
}
TEST(ExitEngines, AllocateNothingForAnswersThatNobodyAsksFor) {
  SmallNetwork health;
  make_health_with_exits(health, MuxKind::failover);
  const std::vector<const Program *> programs(health.programs.begin(), health.programs.end());
  Engines engines(health.description, programs, 0);
  std::size_t answered = 0;
  EXPECT_EQ(allocated_by([&] {
              for (std::size_t k = 0; k < 2 * net::Engine::kMaxOpen / 5; ++k)
                answered += engines.answer(5);
            }),
            0u);
  EXPECT_EQ(answered, 2 * net::Engine::kMaxOpen / 5 * 5);
}
TEST_F(ToyEngines, AllocateForMoreRequestsThanAreReady) {
  struct : net::Outbox {
    void send(std::size_t, const net::Message &) override { sent.release(); }
    std::counting_semaphore<> sent{0};
  } outbox;
  net::Engine node(toy, 2, *programs[2], outbox); // c, of two inputs
  node.set_alive(0, true);
  node.set_alive(1, true);
  const std::vector<float> values(kWidth);
  std::uint64_t first = 0;
  const auto keep_open = [&](std::uint64_t requests) {
    const net::Time deadline = net::Clock::now() + std::chrono::seconds(60);
    for (std::size_t input : {0, 1})
      for (std::uint64_t k = 0; k < requests; ++k)
        node.arrive(input, {first + k, deadline, true, 0, values});
    for (std::uint64_t k = 0; k < requests; ++k)
      outbox.sent.acquire();
    first += requests;
  };
  EXPECT_GT(allocated_by([&] { keep_open(200); }), 0u);
  EXPECT_EQ(allocated_by([&] { keep_open(net::Engine::kReady - 1); }), 0u); // and then no more
}
TEST_F(ToyEngines, AreCaughtWhereAProgramAllocates) {
  const Allocating allocating(toy_programs.c);
  programs[2] = &allocating;
  Engines engines(toy, programs, 0);
  const std::size_t allocated = allocated_by([&] { engines.answer(5); });
  EXPECT_GE(allocated, 1u); // one a run, and requests that wait are computed together
  EXPECT_LE(allocated, 5u);
}

} // namespace
} // namespace rnet::test
