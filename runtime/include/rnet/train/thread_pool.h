// A few threads that share the blocks of a kernel.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One caller at a time. Which thread does which block varies; kernels cut their work into blocks
// that do not depend on the number of threads, and blocks write to places of their own, so results
// are the same bits for any number.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace rnet::train {

class ThreadPool {
public:
  explicit ThreadPool(std::size_t threads);
  ~ThreadPool();

  std::size_t size() const { return workers_.size() + 1; }

  /// Calls work(block) for each block below `blocks` and returns when all are done. `work` must not
  /// throw.
  template <class Work> void run(std::size_t blocks, const Work &work) {
    if (blocks <= 1 || workers_.empty()) {
      for (std::size_t block = 0; block < blocks; ++block)
        work(block);
      return;
    }
    run_shared(blocks, [&work](std::size_t block) { work(block); });
  }

private:
  void run_shared(std::size_t blocks, std::function<void(std::size_t)> work);
  void take_blocks();
  void serve(std::stop_token stop);

  std::function<void(std::size_t)> work_;
  std::size_t blocks_ = 0;
  std::atomic<std::size_t> next_ = 0, busy_ = 0;
  std::atomic<std::uint64_t> generation_ = 0;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<std::jthread> workers_;
};

} // namespace rnet::train
