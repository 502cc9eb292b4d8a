// no-allocation FOLDER [allocate]: a hundred requests to the nodes of a network, in every failure
// pattern, must allocate nothing. With `allocate` the last program does, which must be noticed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "allocations.h"
#include "engines.h"

#include "any_weights.h"

#include "rnet/evaluate/main.h"

#include <iostream>

using namespace rnet;

static constexpr std::size_t kRequests = 100, kAtOnce = 5;

/// In place of the evaluator's.
int rnet::evaluate::main(int argc, char **argv, const NetworkDescription &network,
                         std::span<Program *const> given) {
  std::vector<const Program *> programs(given.begin(), given.end());
  const test::Allocating allocating(*given.back());
  if (argc > 2)
    programs.back() = &allocating;
  auto weights = make_any_weights(network, std::string(argv[1]) + "/weights.safetensors");
  Status status = weights.status();
  for (Program *program : given)
    if (status.ok())
      status = program->load(*weights);
  if (!status.ok()) {
    std::cerr << "error: " << status.message() << "\n";
    return 2;
  }

  DownSet failable = 0;
  for (std::size_t node = 0; node < network.nodes.size(); ++node)
    failable |= DownSet(network.nodes[node].failable) << node;
  std::size_t patterns = 0, right = 0, allocated = 0;
  for (DownSet down = failable;; down = (down - 1) & failable) { // every subset, the empty one last
    test::Engines engines(network, programs, down);
    const std::size_t before = test::allocations();
    for (std::size_t k = 0; k < kRequests / kAtOnce; ++k)
      right += engines.answer(kAtOnce);
    allocated += test::allocations() - before;
    ++patterns;
    if (down == 0)
      break;
  }
  std::cout << network.name << ": " << patterns << " patterns, " << kRequests
            << " requests in each, " << patterns * kRequests - right << " wrong, " << allocated
            << " allocations\n";
  return right == patterns * kRequests && allocated == 0 ? 0 : 1;
}
