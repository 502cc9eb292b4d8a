// What stands between clients of any protocol and the network.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "gateway.h"

#include "wire.h"

#include <grpcpp/alarm.h>

#include <algorithm>
#include <random>
#include <set>

namespace rnet::net {

/// Between two questions to the nodes how they are.
static constexpr auto kWatchInterval = std::chrono::milliseconds(200);
/// Before a row is asked again for the first time; twice as long each further time, but no longer
/// than the last.
static constexpr auto kFirstPause = std::chrono::milliseconds(10),
                      kLongestPause = std::chrono::milliseconds(40);

std::string_view name_of(Outcome outcome) {
  static constexpr std::string_view kNames[kOutcomes] = {"answered",  "invalid",    "unknown_model",
                                                         "too_large", "overloaded", "stopping",
                                                         "no_flow",   "deadline"};
  return kNames[static_cast<std::size_t>(outcome)];
}

/// A batch on its way.
struct Gateway::Pending {
  std::function<void(BatchResult)> done;
  std::vector<Client::Inputs> inputs; ///< [row]
  std::vector<grpc::Alarm> pauses;    ///< [row]
  Time begin = Clock::now(), end{};
  std::mutex mutex;
  std::size_t missing = 0; ///< answers
  BatchResult result;
};

/// Requests of other gateways, and of this one before it was started again, are about: numbers
/// start anywhere in 64 bits.
static std::uint64_t anywhere() {
  std::random_device device;
  return std::uint64_t(device()) << 32 | device();
}

Gateway::Gateway(const NetworkDescription &network, std::map<std::string, std::string> addresses,
                 const Credentials &credentials, std::chrono::microseconds timeout,
                 Traffic &traffic)
    : network_(network), timeout_(timeout), traffic_(traffic), addresses_(std::move(addresses)),
      next_request_(anywhere()) {
  statistics_.used.resize(network.hyperconnections.size());
  statistics_.nodes.resize(network.nodes.size());
  std::map<std::string, std::vector<std::string>> inputs;
  for (const InputDescription &input : network.inputs)
    inputs[std::string(network.nodes[input.node].name)].emplace_back(input.name);
  std::vector<std::string> heads;
  for (std::size_t head = 0; head < network.outputs[0].heads(); ++head)
    heads.emplace_back(network.nodes[network.outputs[0].head(head).node].name);
  client_ = std::make_unique<Client>(addresses_, std::move(inputs), std::move(heads), credentials);
  watcher_ = std::thread([this] { watch(); });
}

Gateway::~Gateway() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  watcher_.join();
}

void Gateway::abandon() {
  for (stop(); !idle(); std::this_thread::sleep_for(std::chrono::milliseconds(1)))
    client_->cancel();
}

void Gateway::infer(Batch batch, std::function<void(BatchResult)> done) {
  auto refuse = [&](Outcome outcome, std::string why) {
    count(outcome);
    done({outcome, std::move(why), {}, 0, 0});
  };
  if (batch.rows > kMaxRows)
    return refuse(Outcome::too_large, "a request has at most " + std::to_string(kMaxRows) +
                                          " rows, found " + std::to_string(batch.rows));
  const std::size_t in_flight = in_flight_.fetch_add(batch.rows) + batch.rows;
  if (stopping_ || in_flight > kMaxInFlight) {
    in_flight_ -= batch.rows;
    if (stopping_)
      return refuse(Outcome::stopping, "the node is stopping");
    return refuse(Outcome::overloaded,
                  "too many requests: " + std::to_string(kMaxInFlight) + " rows are in flight");
  }
  auto pending = std::make_shared<Pending>();
  pending->done = std::move(done);
  pending->end =
      pending->begin + std::clamp(batch.timeout.value_or(timeout_), std::chrono::microseconds(0),
                                  std::chrono::microseconds(kMaxRemaining));
  pending->missing = batch.rows;
  pending->inputs.resize(batch.rows);
  pending->pauses.resize(batch.rows);
  pending->result.answers.resize(batch.rows);
  pending->result.generation = batch.generation ? *batch.generation : traffic_.choose();
  for (std::size_t k = 0; k < network_.inputs.size(); ++k) {
    const InputDescription &input = network_.inputs[k];
    const float *values = batch.inputs[k].data();
    for (std::size_t row = 0; row < batch.rows; ++row, values += input.width)
      pending->inputs[row][std::string(input.name)].assign(values, values + input.width);
  }
  for (std::size_t row = 0; row < batch.rows; ++row)
    ask(pending, row, kFirstPause);
}

void Gateway::ask(const std::shared_ptr<Pending> &pending, std::size_t row, Duration pause) {
  const Duration left = std::max(Duration::zero(), pending->end - Clock::now());
  client_->infer(next_request_++, pending->result.generation, pending->inputs[row],
                 std::chrono::duration_cast<std::chrono::microseconds>(left),
                 [this, pending, row, pause](Expected<Answer> answer) {
                   answered(pending, row, pause, std::move(answer));
                 });
}

void Gateway::answered(const std::shared_ptr<Pending> &pending, std::size_t row, Duration pause,
                       Expected<Answer> answer) {
  const Time again = Clock::now() + pause;
  if (answer.ok() && !answer->present && !answer->late && !stopping_ &&
      again < std::min(pending->begin + kPatience, pending->end)) {
    {
      std::lock_guard lock(mutex_);
      ++statistics_.asked_again;
    }
    pending->pauses[row].Set(std::chrono::system_clock::now() + pause,
                             [this, pending, row, pause](bool) {
                               ask(pending, row, std::min<Duration>(2 * pause, kLongestPause));
                             });
    return;
  }
  std::unique_lock lock(pending->mutex);
  BatchResult &result = pending->result;
  if (!answer.ok()) {
    result.outcome = Outcome::invalid;
    result.message = answer.message();
  } else if (!answer->present && result.outcome != Outcome::invalid) {
    result.outcome = answer->late ? Outcome::deadline : Outcome::no_flow;
    result.message = answer->reason;
  } else if (answer->present && answer->values.size() != network_.outputs[0].width) {
    result.outcome = Outcome::no_flow;
    result.message = "the answer is malformed";
  } else {
    result.answers[row] = std::move(*answer);
  }
  const bool last = --pending->missing == 0;
  lock.unlock();
  if (last)
    finish(*pending);
}

void Gateway::finish(Pending &pending) {
  BatchResult &result = pending.result;
  const std::size_t rows = result.answers.size();
  result.seconds = std::chrono::duration<double>(Clock::now() - pending.begin).count();
  count(result.outcome);
  {
    std::lock_guard lock(mutex_);
    if (result.outcome == Outcome::answered) {
      statistics_.rows += rows;
      statistics_.rows_of[result.generation] += rows;
      statistics_.answered_seconds += result.seconds;
      const auto bucket = std::lower_bound(kLatencies.begin(), kLatencies.end(), result.seconds);
      ++statistics_.latencies[static_cast<std::size_t>(bucket - kLatencies.begin())];
      for (const Answer &answer : result.answers)
        for (std::size_t k = 0; k < statistics_.used.size(); ++k)
          statistics_.used[k] += answer.used >> k & 1;
    } else {
      statistics_.failed_seconds += result.seconds;
      result.answers.clear();
    }
  }
  const auto done = std::move(pending.done);
  pending.pauses.clear(); // an alarm keeps its function, and that the batch
  done(std::move(result));
  in_flight_ -= rows;
}

void Gateway::count(Outcome outcome) {
  std::lock_guard lock(mutex_);
  ++statistics_.requests[static_cast<std::size_t>(outcome)];
  statistics_.last_ms =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count());
}

bool Gateway::ready() const {
  std::lock_guard lock(mutex_);
  return fed_ && !stopping_;
}

Gateway::Statistics Gateway::statistics() const {
  std::lock_guard lock(mutex_);
  Statistics statistics = statistics_;
  statistics.in_flight = in_flight_;
  return statistics;
}

/// Asks all nodes in turn how they are.
void Gateway::watch() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    lock.unlock();
    bool fed = false;
    std::vector<NodeState> states(network_.nodes.size(), NodeState::unknown);
    std::set<std::string> suspects;
    std::optional<std::vector<GenerationId>> complete; // what all have that are up
    for (std::size_t node = 0; node < states.size(); ++node) {
      const std::string name(network_.nodes[node].name);
      if (!addresses_.count(name))
        continue;
      const std::optional<NodeStatus> status = client_->status(name);
      states[node] = status ? NodeState::up : NodeState::down;
      if (!status)
        continue;
      suspects.insert(status->waiting_for.begin(), status->waiting_for.end());
      if (!complete)
        complete = status->generations;
      std::erase_if(*complete, [&](GenerationId id) {
        return std::ranges::find(status->generations, id) == status->generations.end();
      });
      if (network_.outputs[0].head_at(node) < network_.outputs[0].heads())
        fed |= status->fed;
    }
    // It answers, but not all that wait for it hear from it.
    for (std::size_t node = 0; node < states.size(); ++node)
      if (states[node] == NodeState::up && suspects.count(std::string(network_.nodes[node].name)))
        states[node] = NodeState::suspect;
    traffic_.complete(std::move(complete).value_or(std::vector<GenerationId>()));
    lock.lock();
    statistics_.nodes = std::move(states);
    fed_ = fed;
    wake_.wait_for(lock, kWatchInterval, [&] { return ending_; });
  }
}

} // namespace rnet::net
