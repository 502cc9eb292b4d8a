// Requests and answers of the Open Inference Protocol as JSON, with binary tensors behind it. Pure,
// so that a fuzzer can have them. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "open_inference.h"

namespace rnet::net::open_inference {

/// What a client asked for.
struct JsonRequest {
  std::optional<std::string> id;
  Batch batch;
  struct Output {
    std::size_t index;
    bool binary;
  };
  std::vector<Output> outputs;
};

/// `header_length`, as the client sent it: the bytes of `body` that are JSON; empty: all of them.
std::variant<JsonRequest, Refusal> read_request(const NetworkDescription &network,
                                                std::string_view body,
                                                std::string_view header_length);

struct JsonAnswer {
  std::string json, binary;
  bool has_binary = false;
};
JsonAnswer write_answer(const NetworkDescription &network, const JsonRequest &request,
                        const BatchResult &result);

} // namespace rnet::net::open_inference
