// A client of a running network.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/net/client.h"

#include "senders.h"

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <set>

namespace rnet::net {

using std::chrono::system_clock;

/// Kept back from a deadline for each exit.
static constexpr std::chrono::microseconds kExitTime = std::chrono::milliseconds(50);

struct Client::State {
  std::map<std::string, std::unique_ptr<proto::Node::Stub>> stubs;
  std::map<std::string, std::vector<std::string>> inputs;
  std::vector<std::string> heads;

  std::mutex mutex;
  std::condition_variable empty;
  std::set<Inference *> open; ///< until the last of their calls has come back
};

static Answer read(const proto::Answer &reply) {
  Answer answer;
  answer.present = reply.present();
  answer.reason = reply.reason();
  answer.late = reply.late();
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

/// One request: a call to each input node and one to the output's, all at once; then one to an exit
/// after the other, until there is an answer. Lives as long as one of them is under way.
class Client::Inference : public std::enable_shared_from_this<Inference> {
public:
  Inference(State &state, Done done) : state_(state), done_(std::move(done)) {
    std::lock_guard lock(state_.mutex);
    state_.open.insert(this);
  }
  ~Inference() {
    std::lock_guard lock(state_.mutex);
    state_.open.erase(this);
    state_.empty.notify_all();
  }

  void start(std::uint64_t request, GenerationId generation, const Inputs &inputs,
             std::chrono::microseconds deadline) {
    request_ = request;
    generation_ = generation;
    end_ = system_clock::now() + deadline;
    const auto exits = static_cast<std::int64_t>(state_.heads.size()) - 1;
    share_ = std::min(kExitTime, deadline / std::max<std::int64_t>(1, 2 * exits));
    for (const auto &[node, names] : state_.inputs) {
      Submit &submit = *submits_.emplace_back(std::make_unique<Submit>());
      submit.submission.set_request(request);
      submit.submission.set_generation(generation);
      submit.submission.set_remaining_us(until(end_of(0)));
      for (const std::string &name : names)
        if (auto found = inputs.find(name); found != inputs.end())
          (*submit.submission.mutable_inputs())[name] = bytes_of(found->second);
      submit.context.set_deadline(end_of(0));
      state_.stubs.at(node)->async()->Submit(
          &submit.context, &submit.submission, &submit.ack,
          [self = shared_from_this()](const grpc::Status &status) { self->submitted(status); });
    }
    collect(0);
    std::unique_lock lock(mutex_);
    started_ = true;
    if (cancelled_) {
      lock.unlock();
      cancel();
    }
  }
  /// All calls come back soon: as soon as all have started.
  void cancel() {
    std::vector<grpc::ClientContext *> contexts;
    {
      std::lock_guard lock(mutex_);
      cancelled_ = true;
      if (!started_)
        return;
      for (auto &submit : submits_)
        contexts.push_back(&submit->context);
      for (auto &collect : collects_)
        contexts.push_back(&collect->context);
    }
    // Without the lock: calls may come back on this thread.
    for (grpc::ClientContext *context : contexts)
      context->TryCancel();
  }

private:
  struct Submit {
    grpc::ClientContext context;
    proto::Submission submission;
    proto::Ack ack;
  };
  struct Collect {
    std::size_t head;
    grpc::ClientContext context;
    proto::Collection collection;
    proto::Answer reply;
  };

  /// When the time of a head is over.
  system_clock::time_point end_of(std::size_t head) const {
    return end_ - static_cast<std::int64_t>(state_.heads.size() - 1 - head) * share_;
  }
  /// In microseconds, as messages say it.
  static std::uint32_t until(system_clock::time_point end) {
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(end - system_clock::now()).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 0, kMaxRemaining));
  }

  void collect(std::size_t head) {
    auto made = std::make_unique<Collect>();
    Collect &collect = *made;
    collect.head = head;
    collect.collection.set_request(request_);
    collect.collection.set_generation(generation_);
    collect.collection.set_remaining_us(until(end_of(head)));
    collect.context.set_deadline(end_of(head) + std::chrono::milliseconds(20)); // the way back
    {
      std::lock_guard lock(mutex_);
      collects_.push_back(std::move(made));
      if (cancelled_ && started_) // nobody else does
        collect.context.TryCancel();
    }
    state_.stubs.at(state_.heads[head])
        ->async()
        ->Collect(&collect.context, &collect.collection, &collect.reply,
                  [self = shared_from_this(), &collect](const grpc::Status &status) {
                    self->collected(collect, status);
                  });
  }

  void submitted(const grpc::Status &status) {
    if (status.error_code() == grpc::StatusCode::INVALID_ARGUMENT ||
        status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) // far too large
      finish(Status::error(status.error_message()));
    // An input node that is down, or without the generation, leaves its input absent.
  }
  void collected(const Collect &collect, const grpc::Status &status) {
    Answer answer;
    if (status.ok()) {
      answer = read(collect.reply);
    } else {
      answer.reason = (collect.head == 0 ? "output node '" : "exit node '") +
                      state_.heads[collect.head] + "' did not answer: " + status.error_message();
      answer.late = status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED;
    }
    answer.head = collect.head;
    if (!answer.present) {
      reason_ += (reason_.empty() ? "" : "; ") + answer.reason;
      late_ |= answer.late;
      if (is_open() && collect.head + 1 < state_.heads.size())
        return this->collect(collect.head + 1);
      answer.reason = reason_;
      answer.late = late_;
    }
    finish(std::move(answer));
  }
  bool is_open() {
    std::lock_guard lock(mutex_);
    return done_ && !cancelled_;
  }
  void finish(Expected<Answer> answer) {
    std::unique_lock lock(mutex_);
    const Done done = std::exchange(done_, nullptr);
    lock.unlock();
    if (!done)
      return;
    cancel(); // a node that hangs must not hold what nobody waits for
    done(std::move(answer));
  }

  State &state_;
  std::uint64_t request_ = 0;
  GenerationId generation_ = 0;
  system_clock::time_point end_;
  std::chrono::microseconds share_{}; ///< of the deadline, for each exit
  std::vector<std::unique_ptr<Submit>> submits_;
  std::string reason_; ///< why heads had no answer; one of them is asked at a time
  bool late_ = false;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Collect>> collects_;
  Done done_;
  bool started_ = false, cancelled_ = false;
};

Client::Client(std::map<std::string, std::string> addresses,
               std::map<std::string, std::vector<std::string>> inputs,
               std::vector<std::string> heads, const Credentials &credentials)
    : state_(std::make_unique<State>()) {
  for (const auto &[node, address] : addresses)
    state_->stubs[node] = proto::Node::NewStub(dial(address, credentials, node));
  state_->inputs = std::move(inputs);
  state_->heads = std::move(heads);
}

void Client::cancel() {
  // Without the lock: calls may come back on this thread.
  std::vector<std::shared_ptr<Inference>> open;
  std::unique_lock lock(state_->mutex);
  for (Inference *inference : state_->open)
    open.push_back(inference->weak_from_this().lock());
  lock.unlock();
  for (auto &inference : std::exchange(open, {}))
    if (inference) // not the last call's, which is about to go
      inference->cancel();
}

Client::~Client() {
  cancel();
  std::unique_lock lock(state_->mutex);
  state_->empty.wait(lock, [&] { return state_->open.empty(); });
}

void Client::infer(std::uint64_t request, GenerationId generation, const Inputs &inputs,
                   std::chrono::microseconds deadline, Done done) {
  std::make_shared<Inference>(*state_, std::move(done))
      ->start(request, generation, inputs, deadline);
}

Expected<Answer> Client::infer(std::uint64_t request, GenerationId generation, const Inputs &inputs,
                               std::chrono::microseconds deadline) {
  // Shared: the other thread may still be at work on it when this one goes on.
  auto promise = std::make_shared<std::promise<Expected<Answer>>>();
  infer(request, generation, inputs, deadline,
        [promise](Expected<Answer> answer) { promise->set_value(std::move(answer)); });
  return promise->get_future().get();
}

std::optional<NodeStatus> Client::status(const std::string &node) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::milliseconds(200));
  // A call that fails at once does not move the handshake on, and between calls gRPC looks at its
  // sockets every five seconds only.
  context.set_wait_for_ready(true);
  proto::StatusReply reply;
  if (!state_->stubs.at(node)->Status(&context, {}, &reply).ok())
    return std::nullopt;
  return NodeStatus{{reply.waiting_for().begin(), reply.waiting_for().end()},
                    reply.fed(),
                    {reply.generations().begin(), reply.generations().end()}};
}

} // namespace rnet::net
