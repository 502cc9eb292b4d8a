// Levels of instructions: what code was compiled for, and what a processor has.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string_view>

namespace rnet {

/// Of x86-64, by the names of its psABI; another architecture has the first one only. Higher levels
/// take wider vectors and give the same bits.
enum class Level { base, x86_64_v3, x86_64_v4 };

/// What the file that includes this is compiled for.
#if defined(__AVX512F__) && defined(__AVX512BW__) && defined(__AVX512CD__) &&                      \
    defined(__AVX512DQ__) && defined(__AVX512VL__)
static constexpr Level kLevel = Level::x86_64_v4;
#elif defined(__AVX2__) && defined(__BMI2__) && defined(__FMA__)
static constexpr Level kLevel = Level::x86_64_v3;
#else
static constexpr Level kLevel = Level::base;
#endif

/// As -march takes it.
constexpr std::string_view level_name(Level level) {
  switch (level) {
  case Level::x86_64_v4:
    return "x86-64-v4";
  case Level::x86_64_v3:
    return "x86-64-v3";
  case Level::base:
    break;
  }
#if defined(__x86_64__)
  return "x86-64";
#elif defined(__aarch64__)
  return "armv8-a";
#else
  return "base";
#endif
}

/// Whether this processor, under this system, has it.
inline bool has_level(Level level) {
#if defined(__x86_64__)
  switch (level) {
  case Level::x86_64_v4:
    return __builtin_cpu_supports("x86-64-v4");
  case Level::x86_64_v3:
    return __builtin_cpu_supports("x86-64-v3");
  case Level::base:
    break;
  }
#endif
  return level == Level::base;
}

} // namespace rnet
