// A client of a running network: submits requests to input nodes, collects answers from the nodes
// that hold the output and its exits. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/accuracy_table.h"
#include "rnet/core/status.h"
#include "rnet/net/credentials.h"
#include "rnet/net/generation.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rnet::net {

/// What a client gets.
struct Answer {
  bool present = false;
  std::string reason; ///< where there is no answer: why
  bool late = false;  ///< where there is none: the deadline came first
  std::vector<float> values;
  std::size_t head = 0;             ///< 0: of the output, k: of its k-th exit
  std::uint64_t used = 0;           ///< hyperconnections, a bit each
  std::optional<Accuracy> accuracy; ///< to expect of such an answer
};

/// What a node says of itself.
struct NodeStatus {
  std::vector<std::string> waiting_for;  ///< senders from which nothing can come
  bool fed = false;                      ///< some input can reach it
  std::vector<GenerationId> generations; ///< that it has, and its senders as far as they are heard
};

/// Many requests at a time, from any thread; several clients may talk to one network.
class Client {
public:
  using Inputs = std::map<std::string, std::vector<float>>;
  using Done = std::function<void(Expected<Answer>)>;

  /// Addresses by node; `inputs` by node: names of the inputs that it holds; `heads`: the nodes
  /// that hold the output and its exits, in the order in which they answer. With credentials, those
  /// of a client, every node must prove which one it is.
  Client(std::map<std::string, std::string> addresses,
         std::map<std::string, std::vector<std::string>> inputs, std::vector<std::string> heads,
         const Credentials &credentials = {});
  /// Cancels, and waits until every `done` was called.
  ~Client();

  /// Submits, to be answered by one generation of weights, and calls `done` once, on another
  /// thread: at the answer, or at the deadline and not later (some milliseconds for the way back).
  /// Asks the output's node, and where it is down, does not answer or has no answer, the exits, one
  /// after the other. For each exit 50 ms are kept back from the deadline, together no more than
  /// half of it. An error means that an input was refused; a node that does not answer is a reason,
  /// not an error.
  void infer(std::uint64_t request, GenerationId generation, const Inputs &inputs,
             std::chrono::microseconds deadline, Done done);
  /// The same, and waits.
  Expected<Answer> infer(std::uint64_t request, GenerationId generation, const Inputs &inputs,
                         std::chrono::microseconds deadline);

  /// Gives up what is on its way: each `done` is called soon.
  void cancel();

  /// Nothing where the node does not answer within 200 ms.
  std::optional<NodeStatus> status(const std::string &node);

private:
  struct State;
  class Inference;
  std::unique_ptr<State> state_;
};

} // namespace rnet::net
