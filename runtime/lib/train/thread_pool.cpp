// A few threads that share the blocks of a kernel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/train/thread_pool.h"

namespace rnet::train {

/// Spins this often before it blocks: kernels follow each other within microseconds, and idle
/// spinning slows a busy machine down.
static constexpr int kSpins = 2000;

static void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

ThreadPool::ThreadPool(std::size_t threads) {
  for (std::size_t k = 1; k < threads; ++k)
    workers_.emplace_back([this](std::stop_token stop) { serve(stop); });
}

ThreadPool::~ThreadPool() = default; // jthread asks to stop, which wakes the waiters, and joins

void ThreadPool::run_shared(std::size_t blocks, std::function<void(std::size_t)> work) {
  work_ = std::move(work);
  blocks_ = blocks;
  next_ = 0;
  busy_ = workers_.size();
  {
    std::lock_guard lock(mutex_);
    ++generation_;
  }
  wake_.notify_all();
  take_blocks();
  for (int spins = 0; busy_ != 0; ++spins)
    if (spins < kSpins)
      relax();
    else
      std::this_thread::yield();
}

void ThreadPool::take_blocks() {
  for (std::size_t block; (block = next_++) < blocks_;)
    work_(block);
}

void ThreadPool::serve(std::stop_token stop) {
  std::uint64_t seen = 0;
  while (!stop.stop_requested()) {
    for (int spins = 0; spins < kSpins && generation_ == seen; ++spins)
      relax();
    if (generation_ == seen) {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, stop, [&] { return generation_ != seen; }))
        return;
    }
    seen = generation_;
    take_blocks();
    --busy_;
  }
}

} // namespace rnet::train
