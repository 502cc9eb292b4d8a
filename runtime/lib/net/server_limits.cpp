// What strangers may take of a node. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "server_limits.h"

#include <algorithm>
#include <sys/resource.h>

namespace rnet::net {

void limit_connections(grpc::ServerBuilder &builder) {
  // Until TLS and HTTP/2 have been agreed on. The default is two minutes.
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, 10'000);
  // Without any call. A client's next one connects again by itself.
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, 60'000);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 256); // of one connection
  // Floats do not compress, and what is small could unpack to gigabytes.
  for (auto algorithm : {GRPC_COMPRESS_DEFLATE, GRPC_COMPRESS_GZIP})
    builder.SetCompressionAlgorithmSupportStatus(algorithm, false);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = std::max(files.rlim_cur, std::min<rlim_t>(files.rlim_max, 1 << 16));
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

} // namespace rnet::net
