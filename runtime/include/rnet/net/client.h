// A client of a running network: submits requests to input nodes, collects answers from the output
// node. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/core/accuracy_table.h"
#include "rnet/core/status.h"
#include "rnet/net/credentials.h"

#include <chrono>
#include <cstdint>
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
  std::vector<float> values;
  std::uint64_t used = 0;           ///< hyperconnections, a bit each
  std::optional<Accuracy> accuracy; ///< to expect of such an answer
};

/// One request at a time; several clients may talk to one network.
class Client {
public:
  /// Addresses by node; `inputs` by node: names of the inputs that it holds. With credentials,
  /// those of a client, every node must prove which one it is.
  Client(std::map<std::string, std::string> addresses,
         std::map<std::string, std::vector<std::string>> inputs, std::string output_node,
         const Credentials &credentials = {});
  ~Client();

  /// Submits and waits, until the deadline and not longer (some milliseconds for the way back). An
  /// error means that an input was refused; a node that does not answer is a reason, not an error.
  Expected<Answer> infer(std::uint64_t request,
                         const std::map<std::string, std::vector<float>> &inputs,
                         std::chrono::milliseconds deadline);

  /// The senders that a node waits for; nothing where the node does not answer within 200 ms.
  std::optional<std::vector<std::string>> waiting_for(const std::string &node);

private:
  struct State;
  std::unique_ptr<State> state_;
};

} // namespace rnet::net
