// What the timed programs share: values from a file, and rounds of requests on demand.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace speed {

[[noreturn]] inline void fail(const std::string &message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  std::exit(1);
}

/// A file of `count` floats.
inline std::vector<float> read_floats(const char *path, std::size_t count) {
  std::vector<float> values(count);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char *>(values.data()),
            static_cast<std::streamsize>(count * sizeof(float)));
  if (!file || file.peek() != std::ifstream::traits_type::eof())
    fail(std::string("'") + path + "' is not a file of " + std::to_string(count) + " floats");
  return values;
}

inline void write_floats(const char *path, const float *values, std::size_t count) {
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char *>(values),
             static_cast<std::streamsize>(count * sizeof(float)));
  if (!file.flush())
    fail(std::string("cannot write '") + path + "'");
}

/// For each number N on stdin, calls `request` N times and prints how many nanoseconds that took.
template <class Request> void serve_rounds(Request request) {
  using Clock = std::chrono::steady_clock;
  for (std::size_t count; std::cin >> count;) {
    const auto begin = Clock::now();
    for (std::size_t k = 0; k < count; ++k)
      request();
    std::cout << std::chrono::nanoseconds(Clock::now() - begin).count() << std::endl;
  }
}

} // namespace speed
