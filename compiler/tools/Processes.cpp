// The processes of a network's nodes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Processes.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace rnet::tools {

static double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

Status Processes::spawn(Process &process) {
  // The child writes an errno into the pipe when it cannot become the program; exec closes the
  // pipe.
  int pipe[2];
  if (::pipe2(pipe, O_CLOEXEC) != 0)
    return Status::error(std::string("cannot start a process: ") + std::strerror(errno));
  std::vector<char *> arguments;
  for (std::string &word : process.spec.command)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent)
      ::_exit(1);    // the parent died in between
    ::setpgid(0, 0); // Ctrl-C is for the parent, which stops its nodes in order
    const int nothing = ::open("/dev/null", O_RDWR);
    ::dup2(nothing, STDIN_FILENO);
    ::dup2(nothing, STDOUT_FILENO);
    ::execv(arguments[0], arguments.data());
    const int error = errno;
    [[maybe_unused]] const ssize_t written = ::write(pipe[1], &error, sizeof error);
    ::_exit(127);
  }
  ::close(pipe[1]);
  int error = 0;
  const bool failed = pid < 0 || ::read(pipe[0], &error, sizeof error) == sizeof error;
  ::close(pipe[0]);
  if (failed) {
    if (pid > 0)
      ::waitpid(pid, nullptr, 0);
    return Status::error("cannot start '" + process.spec.command[0] +
                         "': " + std::strerror(pid < 0 ? errno : error));
  }
  process.pid = pid;
  process.restartAt = 0;
  std::fprintf(stderr, "node %s up pid %d\n", process.spec.name.c_str(), pid);
  return {};
}

Status Processes::start(std::vector<ProcessSpec> specs) {
  std::lock_guard lock(mutex);
  for (ProcessSpec &spec : specs) {
    processes.push_back({std::move(spec)});
    if (Status status = spawn(processes.back()); !status.ok())
      return status;
  }
  return {};
}

void Processes::watch() {
  // PR_SET_PDEATHSIG counts the thread that forked: restarts come from this one, which lives as
  // long as the object.
  watcher = std::jthread([this](std::stop_token stop) {
    while (!stop.stop_requested()) {
      reap();
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  });
}

void Processes::reap() {
  std::lock_guard lock(mutex);
  for (Process &process : processes) {
    int status = 0;
    if (process.pid > 0 && ::waitpid(process.pid, &status, WNOHANG) == process.pid) {
      process.pid = -1;
      if (WIFSIGNALED(status))
        std::fprintf(stderr, "node %s down (signal %d)\n", process.spec.name.c_str(),
                     WTERMSIG(status));
      else
        std::fprintf(stderr, "node %s down (exit code %d)\n", process.spec.name.c_str(),
                     WEXITSTATUS(status));
      // Once at once, then ever slower: a node that cannot live must not eat the machine.
      if (restart)
        process.restartAt =
            now() + 0.2 * static_cast<double>(1u << std::min(process.failures++, 6u));
    }
    if (process.restartAt > 0 && now() >= process.restartAt)
      if (Status failed = spawn(process); !failed.ok()) {
        std::fprintf(stderr, "error: %s\n", failed.message().c_str());
        process.restartAt = now() + 5;
      }
  }
}

bool Processes::up(const std::string &name) const {
  std::lock_guard lock(mutex);
  for (const Process &process : processes)
    if (process.spec.name == name)
      return process.pid > 0;
  return false;
}

void Processes::stop(std::size_t first) {
  for (std::size_t k = first; k < processes.size(); ++k)
    if (processes[k].pid > 0)
      ::kill(processes[k].pid, SIGTERM);
  const double limit = now() + 2;
  for (; first < processes.size(); ++first) {
    pid_t &pid = processes[first].pid;
    if (pid <= 0)
      continue;
    while (::waitpid(pid, nullptr, WNOHANG) == 0) {
      if (now() > limit)
        ::kill(pid, SIGKILL);
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    pid = -1;
  }
}

Processes::~Processes() {
  if (watcher.joinable()) {
    watcher.request_stop();
    watcher.join();
  }
  // The last one answers what clients still wait for, and needs the others for that.
  if (!processes.empty())
    stop(processes.size() - 1);
  stop(0);
}

} // namespace rnet::tools
