// The Open Inference Protocol over HTTP, with binary tensors both ways.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "gateway.h"
#include "http_server.h"

namespace rnet::net::open_inference {

/// Bytes of the largest body that makes sense.
std::size_t largest_body(const NetworkDescription &network);

/// Whether the path is under /v2.
bool is_ours(std::string_view target);

/// Answers a request to a path under /v2. `done` is called once; from another thread, maybe.
void serve(Gateway &gateway, HttpRequest request, std::function<void(HttpResponse)> done);

} // namespace rnet::net::open_inference
