// No message from the wire crashes a node: what does not fit is refused.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "foreign_log.h"
#include "toy_network.h"
#include "wire.h"

#include "rnet/net/credentials.h"

#include <cmath>
#include <cstdlib>
#include <google/protobuf/stubs/logging.h>

using namespace rnet::net;

static void require(bool holds) {
  if (!holds)
    std::abort();
}

extern "C" int LLVMFuzzerInitialize(int *, char ***) {
  google::protobuf::SetLogHandler(nullptr); // it would tell of every string that is not UTF-8
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
  const rnet::NetworkDescription &network = rnet::test::toy;
  const std::string_view text(reinterpret_cast<const char *>(data), size);
  if (const auto identity = Identity::parse(text))
    require(identity->uri() == text && Identity::parse(identity->uri()) == identity);
  require(printable(text).find_first_of(std::string_view("\0\n\x1b\x7f", 4)) == std::string::npos);
  proto::Packet packet;
  if (!packet.ParseFromArray(data, static_cast<int>(size)))
    return 0;
  const proto::Hello &hello = packet.hello();
  const std::string weights[] = {"weights"};
  for (std::size_t node = 0; node < network.nodes.size(); ++node) {
    const Admission stream = admit(network, node, weights, hello);
    if (stream.refusal.empty()) {
      const rnet::HyperconnectionDescription &connection =
          network.hyperconnections[stream.hyperconnection];
      require(connection.to == node && network.nodes[connection.from].name == hello.node());
      require(admit_beats(network, node, weights, hello).refusal.empty());
    }
    const Admission beats = admit_beats(network, node, weights, hello);
    require(!beats.refusal.empty() || network.nodes[beats.hyperconnection].name == hello.node());
  }
  const proto::Activation &activation = packet.activation();
  for (rnet::HyperconnectionDescription connection : network.hyperconnections)
    for (rnet::Element element : {rnet::Element::f32, rnet::Element::bf16, rnet::Element::int8}) {
      connection.element = element;
      const rnet::Encoding encoding(connection, 0.5f);
      std::vector<float> room(connection.width);
      const auto message = decode(activation, encoding, room);
      if (!message)
        continue;
      require(message->values.size() == (message->present ? connection.width : 0));
      // Values have one spelling, but for NaNs, and for the -128 that nobody sends.
      const std::string bytes = encode(message->values, encoding);
      require(bytes.size() == activation.values().size());
      require(element != rnet::Element::f32 || bytes == activation.values());
      for (std::size_t k = 0; element == rnet::Element::bf16 && k < message->values.size(); ++k)
        require(bytes.compare(2 * k, 2, activation.values(), 2 * k, 2) == 0 ||
                std::isnan(message->values[k]));
    }
  return 0;
}
