// A node over a transport of one's own: here datagrams, one for each tensor.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//   udp-NODE WEIGHTS PORT     node k of the network listens on 127.0.0.1:PORT+k, until SIGTERM
//
// The library knows what to do with a tensor, an absence, a deadline; this file says how they
// travel, and who is alive. No exceptions; memory is there from the start. Datagrams are neither
// authenticated nor encrypted.
#include NODE_HEADER

#include "rnet/core/element.h"
#include "rnet/net/engine.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <bit>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/socket.h>
#include <unistd.h>

using namespace rnet;
using net::Clock, net::Time;

static std::atomic<std::size_t> allocations = 0;
void *operator new(std::size_t size) {
  ++allocations;
  if (void *memory = std::malloc(size))
    return memory;
  std::abort();
}
void operator delete(void *memory) noexcept { std::free(memory); }
void operator delete(void *memory, std::size_t) noexcept { std::free(memory); }

static volatile std::sig_atomic_t stopping = 0;

enum Kind : std::uint8_t { kInput, kTensor, kBeat, kCollect, kAnswer };

/// Before the values, little endian: float32, or the elements of a hyperconnection. 32 bytes,
/// without gaps.
struct Header {
  std::uint32_t magic = 0x74656e72; // "rnet"
  Kind kind{};
  std::uint8_t present = 0;
  std::uint16_t index = 0; // of the input, of the hyperconnection, of the node that beats
  std::uint64_t request = 0;
  std::uint64_t used = 0;
  std::uint32_t remaining_us = 0;
  std::uint32_t bytes = 0; // of values
};
static_assert(sizeof(Header) == 32 && std::endian::native == std::endian::little);
constexpr std::size_t kMostValues = (65507 - sizeof(Header)) / sizeof(float); // in one datagram

struct Datagram {
  Header header;
  alignas(float) char bytes[kMostValues * sizeof(float)];
};

class UdpNode final : public net::Outbox {
public:
  UdpNode(const NetworkDescription &network, std::size_t node, const Program &program,
          std::vector<Encoding> encodings, int socket, int port)
      : network_(network), node_(node), encodings_(std::move(encodings)), socket_(socket),
        port_(port), engine_(network, node, program, *this) {}

  // The engine's thread.
  void send(std::size_t connection, const net::Message &message) override {
    out_.header = {.kind = kTensor,
                   .present = message.present,
                   .index = static_cast<std::uint16_t>(connection),
                   .request = message.request,
                   .used = message.used,
                   .remaining_us = remaining(message.deadline)};
    const Encoding &encoding = encodings_[connection];
    if (message.present)
      encoding.encode(message.values.data(), out_.bytes);
    post(out_, message.present ? encoding.bytes() : 0,
         address(network_.hyperconnections[connection].to));
  }

  // From here on: the main thread.
  void receive() {
    sockaddr_in from{};
    socklen_t length = sizeof from;
    const ssize_t bytes =
        ::recvfrom(socket_, &in_, sizeof in_, 0, reinterpret_cast<sockaddr *>(&from), &length);
    const Header &header = in_.header;
    // Whatever is not as it should be is dropped.
    if (bytes < static_cast<ssize_t>(sizeof(Header)) || header.magic != Header{}.magic ||
        static_cast<std::size_t>(bytes) != sizeof(Header) + header.bytes)
      return;
    const Time deadline = Clock::now() + std::chrono::microseconds(header.remaining_us);
    switch (header.kind) {
    case kInput:
      return arrive(Source::Kind::network_input, deadline);
    case kTensor:
      return arrive(Source::Kind::hyperconnection, deadline);
    case kBeat:
      if (header.index < beats_.size()) {
        beats_[header.index].beat(Clock::now());
        fed_[header.index] = header.present;
      }
      return;
    case kCollect:
      if (network_.outputs[0].node != node_)
        return;
      clients_[header.request % clients_.size()] = from;
      return engine_.collect(
          header.request, deadline,
          [this, request = header.request](const net::Reply &reply) { answer(request, reply); });
    default:
      return;
    }
  }

  /// Every 10 ms: tells receivers that this node lives, and the engine which senders do.
  void tick(net::Duration late) {
    for (const HyperconnectionDescription &connection : network_.hyperconnections)
      if (connection.from == node_) {
        Header beat{
            .kind = kBeat, .present = engine_.fed(), .index = static_cast<std::uint16_t>(node_)};
        const sockaddr_in to = address(connection.to);
        ::sendto(socket_, &beat, sizeof beat, 0, reinterpret_cast<const sockaddr *>(&to),
                 sizeof to);
      }
    const auto &inputs = network_.nodes[node_].inputs;
    for (std::size_t k = 0; k < inputs.size(); ++k)
      if (inputs[k].kind == Source::Kind::hyperconnection) {
        const std::size_t sender = network_.hyperconnections[inputs[k].index].from;
        engine_.set_alive(k, beats_[sender].check(Clock::now(), late) == net::PeerState::alive &&
                                 fed_[sender]);
      }
  }

private:
  void arrive(Source::Kind kind, Time deadline) {
    const Header &header = in_.header;
    const auto &inputs = network_.nodes[node_].inputs;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (inputs[k].kind != kind || inputs[k].index != header.index)
        continue;
      const bool given = kind == Source::Kind::network_input;
      const std::size_t width = given ? network_.inputs[header.index].width
                                      : network_.hyperconnections[header.index].width,
                        bytes = given ? width * sizeof(float) : encodings_[header.index].bytes();
      if (header.bytes != (header.present ? bytes : 0))
        return;
      if (given)
        std::memcpy(values_, in_.bytes, header.bytes);
      else if (header.present)
        encodings_[header.index].decode(in_.bytes, values_);
      engine_.arrive(k, {header.request,
                         deadline,
                         header.present != 0,
                         header.used,
                         {values_, header.present ? width : 0}});
    }
  }

  /// The engine's thread, or the main one where the answer was there before the question.
  void answer(std::uint64_t request, const net::Reply &reply) {
    Datagram &datagram = answer_;
    datagram.header = {
        .kind = kAnswer, .present = reply.present, .request = request, .used = reply.used};
    std::copy_n(reinterpret_cast<const char *>(reply.values.data()), reply.values.size_bytes(),
                datagram.bytes);
    post(datagram, reply.values.size_bytes(), clients_[request % clients_.size()]);
  }

  void post(Datagram &datagram, std::size_t bytes, const sockaddr_in &to) const {
    datagram.header.bytes = static_cast<std::uint32_t>(bytes);
    ::sendto(socket_, &datagram, sizeof(Header) + bytes, 0, reinterpret_cast<const sockaddr *>(&to),
             sizeof to); // a datagram that is lost is a tensor that is absent
  }

  static std::uint32_t remaining(Time deadline) {
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(deadline - Clock::now()).count();
    return static_cast<std::uint32_t>(std::max<std::int64_t>(0, left));
  }

  sockaddr_in address(std::size_t node) const {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_ + static_cast<int>(node)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  const NetworkDescription &network_;
  const std::size_t node_;
  const std::vector<Encoding> encodings_; ///< [hyperconnection]
  const int socket_, port_;
  Datagram in_{}, out_{}, answer_{};
  float values_[kMostValues]{};
  std::array<net::FailureDetector, 64> beats_; ///< by sender; a network has 64 nodes at most
  std::array<bool, 64> fed_{};
  std::array<sockaddr_in, 64> clients_{}; ///< who asked for the latest requests
  net::Engine engine_;                    ///< last: its thread uses the others
};

int main(int argc, char **argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s WEIGHTS PORT\n", argv[0]);
    return 2;
  }
  const NetworkDescription &network = NODE_NAMESPACE::network();
  const std::size_t node = NODE_NAMESPACE::NODE_INDEX;
  for (const HyperconnectionDescription &connection : network.hyperconnections)
    if (connection.width > kMostValues) {
      std::fprintf(stderr, "error: '%s' has %zu values; a datagram takes %zu\n",
                   std::string(connection.name).c_str(), connection.width, kMostValues);
      return 1;
    }
  auto program = NODE_NAMESPACE::NODE_MAKE();
  auto weights = WeightsFile::open(argv[1]);
  Status status = weights.status();
  if (status.ok())
    status = weights->check(network, /*topology=*/true);
  if (status.ok())
    status = program->load(*weights);
  Expected<std::vector<Encoding>> encodings =
      status.ok() ? load_encodings(network, node, *weights) : status;
  if (status = encodings.status(); !status.ok()) {
    std::fprintf(stderr, "error: %s\n", status.message().c_str());
    return 1;
  }

  const int port = std::atoi(argv[2]);
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in self{};
  self.sin_family = AF_INET;
  self.sin_port = htons(static_cast<std::uint16_t>(port + static_cast<int>(node)));
  self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (socket < 0 || ::bind(socket, reinterpret_cast<const sockaddr *>(&self), sizeof self) != 0) {
    std::perror("error: cannot listen");
    return 1;
  }
  const timeval patience{0, 2000}; // at most so late for a beat
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  struct sigaction action = {};
  action.sa_handler = [](int) { stopping = 1; };
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);

  auto udp =
      std::make_unique<UdpNode>(network, node, *program, std::move(*encodings), socket, port);
  const std::size_t before = allocations;
  constexpr auto kBeat = std::chrono::milliseconds(10);
  for (Time planned = Clock::now(); !stopping;) {
    udp->receive();
    if (const Time now = Clock::now(); now >= planned) {
      udp->tick(now - planned);
      planned = std::max(planned + kBeat, now);
    }
  }
  std::fprintf(stderr, "%s: %zu allocations after the start\n",
               std::string(network.nodes[node].name).c_str(), allocations - before);
  udp.reset();
  ::close(socket);
  return 0;
}
