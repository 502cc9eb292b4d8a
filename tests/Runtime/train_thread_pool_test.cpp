// The threads that share a kernel's blocks.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/thread_pool.h"

#include <gtest/gtest.h>

#include <set>

using namespace rnet::train;

namespace {

TEST(ThreadPool, DoesEveryBlockOnce) {
  for (std::size_t threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.size(), threads);
    for (std::size_t blocks : {0u, 1u, 2u, 3u, 64u, 1000u}) {
      std::vector<std::atomic<int>> count(blocks);
      pool.run(blocks, [&](std::size_t block) { ++count.at(block); });
      for (std::size_t block = 0; block < blocks; ++block)
        ASSERT_EQ(count[block], 1) << block << " of " << blocks << ", " << threads << " threads";
    }
  }
}

TEST(ThreadPool, IsDoneWhenRunReturns) {
  ThreadPool pool(4);
  std::vector<std::size_t> values(37, 0); // not atomic: written by one thread each, read after
  for (std::size_t round = 1; round <= 2000; ++round) {
    pool.run(values.size(), [&](std::size_t block) { values[block] += block; });
    for (std::size_t block = 0; block < values.size(); ++block)
      ASSERT_EQ(values[block], round * block) << round;
  }
}

TEST(ThreadPool, WakesThreadsThatHaveGoneToSleep) {
  ThreadPool pool(2);
  std::this_thread::sleep_for(std::chrono::milliseconds(20)); // long past the spinning
  std::mutex mutex;
  std::set<std::thread::id> seen;
  std::atomic<int> waiting = 0;
  // Two blocks that wait for each other: nobody can do both.
  pool.run(2, [&](std::size_t) {
    ++waiting;
    while (waiting < 2)
      std::this_thread::yield();
    std::lock_guard lock(mutex);
    seen.insert(std::this_thread::get_id());
  });
  EXPECT_EQ(seen.size(), 2u);
}

TEST(ThreadPool, OneThreadIsTheCaller) {
  ThreadPool pool(1);
  std::vector<std::size_t> order;
  const auto caller = std::this_thread::get_id();
  pool.run(4, [&](std::size_t block) {
    EXPECT_EQ(std::this_thread::get_id(), caller);
    order.push_back(block);
  });
  EXPECT_EQ(order, (std::vector<std::size_t>{0, 1, 2, 3}));
}

TEST(ThreadPool, EndsWithoutWork) {
  for (int k = 0; k < 50; ++k)
    ThreadPool pool(3);
}

} // namespace
