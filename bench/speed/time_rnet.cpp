// Times a whole network, all its nodes one after the other on one thread, some rows a request. It
// takes the place of the evaluator's main, so the programs are those that are evaluated and
// deployed; what is missing is the transport between them.
//
//   time-rnet WEIGHTS INPUT OUTPUT ROWS    files; INPUT and OUTPUT of floats; then rounds on stdin
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/evaluate/forward.h"
#include "rnet/evaluate/main.h"
#include "rounds.h"

namespace rnet::evaluate {

int main(int argc, char **argv, const NetworkDescription &network,
         std::span<Program *const> programs) {
  if (argc != 5)
    speed::fail("usage: time-rnet WEIGHTS INPUT OUTPUT ROWS");
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

  const std::size_t rows = std::strtoull(argv[4], nullptr, 10);
  const std::vector<float> input = speed::read_floats(argv[2], rows * network.inputs[0].width);
  const float *const inputs[] = {input.data()};
  Forward forward(network, programs, rows);
  const auto request = [&] { forward.run(inputs, rows, 0); };
  request();
  const std::size_t width = network.outputs[0].width;
  std::vector<float> answers;
  for (std::size_t row = 0; row < rows; ++row) {
    const float *const answer = forward.output().data + row * row_stride(width);
    answers.insert(answers.end(), answer, answer + width);
  }
  speed::write_floats(argv[3], answers.data(), answers.size());
  speed::serve_rounds(request);
  return 0;
}

} // namespace rnet::evaluate
