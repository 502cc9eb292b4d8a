// The processes of a network's nodes: started, watched, stopped.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/status.h"

#include <map>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace rnet::tools {

/// How to start a node.
struct ProcessSpec {
  std::string name;
  std::vector<std::string> command;
};

/// Says on stderr, a line each, what becomes of them: `node fog2 up pid 1234`, `node fog2 down
/// (signal 9)`. Children die with this process. One owner; `up` may be asked from any thread.
class Processes {
public:
  explicit Processes(bool restart) : restart(restart) {}
  /// Stops what still runs, the last first: SIGTERM, and SIGKILL after two seconds.
  ~Processes();

  Status start(std::vector<ProcessSpec> specs);
  /// Watches until it is stopped.
  void watch();
  bool up(const std::string &name) const;

private:
  struct Process {
    ProcessSpec spec;
    pid_t pid = -1;
    double restartAt = 0; ///< seconds on the steady clock; 0: not planned
    unsigned failures = 0;
  };
  Status spawn(Process &process);
  void reap();
  /// Those from `first` on.
  void stop(std::size_t first);

  bool restart;
  mutable std::mutex mutex;
  std::vector<Process> processes;
  std::jthread watcher;
};

} // namespace rnet::tools
