// No message from the wire crashes a node: what does not fit is refused.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "toy_network.h"
#include "wire.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
  const rnet::NetworkDescription &network = rnet::test::toy;
  rnet::net::proto::Packet packet;
  if (!packet.ParseFromArray(data, static_cast<int>(size)))
    return 0;
  for (std::size_t node = 0; node < network.nodes.size(); ++node) {
    rnet::net::admit(network, node, "weights", packet.hello());
    rnet::net::admit_beats(network, node, "weights", packet.hello());
  }
  for (const rnet::HyperconnectionDescription &connection : network.hyperconnections)
    if (auto message = rnet::net::decode(packet.activation(), connection))
      if (message->present != (message->values.size() == connection.width))
        std::abort();
  return 0;
}
