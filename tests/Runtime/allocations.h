// How often the process allocates. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>

namespace rnet::test {

/// Allocations so far, of all threads and of every kind: new, malloc and its kin, and so Eigen's.
/// A program that links allocations.cpp has the C library's allocator, counted.
std::size_t allocations();

} // namespace rnet::test
