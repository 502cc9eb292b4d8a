// Times a whole network, all its nodes one after the other on one thread, a row a request. It takes
// the place of the evaluator's main, so the programs are those that are evaluated and deployed;
// what is missing is the transport between them.
//
//   time-rnet WEIGHTS INPUT OUTPUT    files; INPUT and OUTPUT of floats; then rounds on stdin
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/evaluate/forward.h"
#include "rnet/evaluate/main.h"
#include "rounds.h"

namespace rnet::evaluate {

int main(int argc, char **argv, const NetworkDescription &network,
         std::span<Program *const> programs) {
  if (argc != 4)
    speed::fail("usage: time-rnet WEIGHTS INPUT OUTPUT");
  if (network.inputs.size() != 1)
    speed::fail("networks of one input only");
  const auto check = [](const Status &status) {
    if (!status.ok())
      speed::fail(status.message());
  };
  const auto weights = WeightsFile::open(argv[1]);
  check(weights.status());
  check(weights->check(network, /*topology=*/true));
  for (Program *program : programs)
    check(program->load(*weights));

  const std::vector<float> input = speed::read_floats(argv[2], network.inputs[0].width);
  const float *const inputs[] = {input.data()};
  Forward forward(network, programs, 1);
  const auto request = [&] { forward.run(inputs, 1, 0); };
  request();
  speed::write_floats(argv[3], forward.output().data, network.outputs[0].width);
  speed::serve_rounds(request);
  return 0;
}

} // namespace rnet::evaluate
