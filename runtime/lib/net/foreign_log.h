// What gRPC and protobuf have to say. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <string_view>

namespace rnet::net {

/// They say a line for each connection that goes wrong, with bytes of strangers in it. From now on
/// it goes to stderr as printable text, and no more than some lines at a time. Once, at the start.
void limit_foreign_log();

/// Everything but printable ASCII escaped, and no longer than a line should be.
std::string printable(std::string_view text);

} // namespace rnet::net
