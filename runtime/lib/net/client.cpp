// A client of a running network.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/net/client.h"

#include "senders.h"

#include <grpcpp/grpcpp.h>

namespace rnet::net {

struct Client::State {
  std::map<std::string, std::unique_ptr<proto::Node::Stub>> stubs;
  std::map<std::string, std::vector<std::string>> inputs;
  std::string output;
};

Client::Client(std::map<std::string, std::string> addresses,
               std::map<std::string, std::vector<std::string>> inputs, std::string output_node,
               const Credentials &credentials)
    : state_(std::make_unique<State>()) {
  for (const auto &[node, address] : addresses)
    state_->stubs[node] = proto::Node::NewStub(dial(address, credentials, node));
  state_->inputs = std::move(inputs);
  state_->output = std::move(output_node);
}
Client::~Client() = default;

Expected<Answer> Client::infer(std::uint64_t request,
                               const std::map<std::string, std::vector<float>> &inputs,
                               std::chrono::milliseconds deadline) {
  const auto end = std::chrono::system_clock::now() + deadline;
  auto remaining = [&] {
    const auto left = std::chrono::duration_cast<std::chrono::microseconds>(
                          end - std::chrono::system_clock::now())
                          .count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 0, kMaxRemaining));
  };
  for (const auto &[node, names] : state_->inputs) {
    proto::Submission submission;
    submission.set_request(request);
    submission.set_remaining_us(remaining());
    for (const std::string &name : names)
      if (auto found = inputs.find(name); found != inputs.end())
        (*submission.mutable_inputs())[name] = bytes_of(found->second);
    grpc::ClientContext context;
    context.set_deadline(end);
    proto::Ack ack;
    const grpc::Status status = state_->stubs.at(node)->Submit(&context, submission, &ack);
    if (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT ||
        status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) // far too large
      return Status::error(status.error_message());
    // An input node that is down leaves its input absent.
  }
  proto::Collection collection;
  collection.set_request(request);
  collection.set_remaining_us(remaining());
  grpc::ClientContext context;
  context.set_deadline(end + std::chrono::milliseconds(20)); // the way back
  proto::Answer reply;
  const grpc::Status status =
      state_->stubs.at(state_->output)->Collect(&context, collection, &reply);
  Answer answer;
  if (!status.ok()) {
    answer.reason =
        "output node '" + state_->output + "' did not answer: " + status.error_message();
    return answer;
  }
  answer.present = reply.present();
  answer.reason = reply.reason();
  answer.used = reply.used();
  if (reply.accuracy_known())
    answer.accuracy = {reply.accuracy(), {}};
  if (reply.accuracy_known() && reply.interval_known())
    answer.accuracy->interval = {reply.accuracy_low(), reply.accuracy_high()};
  if (const auto values = view_values(reply.values(), reply.values().size() / sizeof(float))) {
    answer.values.assign(values->begin(), values->end());
  } else {
    answer.present = false;
    answer.reason = "the answer is malformed";
  }
  return answer;
}

std::optional<std::vector<std::string>> Client::waiting_for(const std::string &node) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  // A call that fails at once does not move the handshake on, and between calls gRPC looks at its
  // sockets every five seconds only.
  context.set_wait_for_ready(true);
  proto::StatusReply reply;
  if (!state_->stubs.at(node)->Status(&context, {}, &reply).ok())
    return std::nullopt;
  return std::vector<std::string>(reply.waiting_for().begin(), reply.waiting_for().end());
}

} // namespace rnet::net
