// No body of a client crashes a door: what does not fit is refused, what fits has the shape it
// says. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "open_inference_json.h"
#include "toy_network.h"

#include <cstdlib>

using namespace rnet::net;

static void require(bool holds) {
  if (!holds)
    std::abort();
}

/// The first byte says how many of the last are binary; 255: there is no such header.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
  if (size == 0)
    return 0;
  const rnet::NetworkDescription &network = rnet::test::toy;
  const std::string_view body(reinterpret_cast<const char *>(data) + 1, size - 1);
  const std::string length = data[0] == 255 ? "" : std::to_string(body.size() - data[0]);
  const auto read = open_inference::read_request(network, body, length);
  if (const auto *refusal = std::get_if<open_inference::Refusal>(&read)) {
    require(refusal->outcome != Outcome::answered && !refusal->message.empty());
    return 0;
  }
  const auto &request = std::get<open_inference::JsonRequest>(read);
  require(request.batch.rows >= 1 && request.batch.rows <= Gateway::kMaxRows);
  require(request.batch.inputs.size() == 1 &&
          request.batch.inputs[0].size() == request.batch.rows * rnet::test::kInput);
  BatchResult result;
  result.answers.resize(request.batch.rows);
  for (Answer &answer : result.answers)
    answer.values.assign(rnet::test::kClasses, 0.25f);
  const auto answer = open_inference::write_answer(network, request, result);
  require(!answer.json.empty() && answer.has_binary == !answer.binary.empty());
  return 0;
}
