// Times what a core can do at best, beside which kernels are judged.
//
//   time-peak multiply-adds    a request: 2^20 multiply-adds of floats in registers
//   time-peak read BYTES       a request: so many bytes read once, from the cache that holds them
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/vector.h"
#include "rounds.h"

using rnet::kLanes;
using rnet::Lanes;

namespace {

volatile float kept; // so that nothing is left out

void keep(Lanes lanes) { kept = lanes[0]; }

void multiply_add() {
  // Enough independent chains to hide the latency, in as many registers as there are.
  constexpr std::size_t kChains = kLanes == 16 ? 24 : 12;
  Lanes sum[kChains] = {};
  Lanes factor = rnet::splat(0.999f);
  asm volatile("" : "+m"(factor));
  for (std::size_t done = 0; done < std::size_t(1) << 20; done += kChains * kLanes)
#pragma GCC unroll 24
    for (std::size_t k = 0; k < kChains; ++k)
      sum[k] = rnet::fma(sum[k], factor, factor);
  for (const Lanes &lanes : sum)
    keep(lanes);
}

void read(const std::vector<float> &values) {
  constexpr std::size_t kChains = 8;
  Lanes sum[kChains] = {};
  for (std::size_t at = 0; at < values.size(); at += kChains * kLanes)
#pragma GCC unroll 8
    for (std::size_t k = 0; k < kChains; ++k)
      sum[k] += rnet::load(values.data() + at + k * kLanes);
  for (const Lanes &lanes : sum)
    keep(lanes);
}

} // namespace

int main(int argc, char **argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "multiply-adds" && argc == 2) {
    speed::serve_rounds(multiply_add);
  } else if (what == "read" && argc == 3) {
    constexpr std::size_t kStep = 8 * kLanes;
    const std::size_t floats = std::strtoull(argv[2], nullptr, 10) / sizeof(float);
    const std::vector<float> values((floats + kStep - 1) / kStep * kStep, 1);
    speed::serve_rounds([&] { read(values); });
  } else {
    speed::fail("usage: time-peak multiply-adds | read BYTES");
  }
  return 0;
}
