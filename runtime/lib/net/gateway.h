// What stands between clients of any protocol and the network: admission, deadlines, statistics.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "traffic.h"

#include "rnet/core/network.h"
#include "rnet/net/client.h"
#include "rnet/net/failure_detector.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace rnet::net {

/// What becomes of a client's request.
enum class Outcome {
  answered,
  invalid,    ///< a wrong name, shape or type
  unknown,    ///< another model
  too_large,  ///< more rows, or bytes, than are taken
  overloaded, ///< too many are in flight
  stopping,
  no_flow, ///< nothing reaches the output
  deadline,
};
inline constexpr std::size_t kOutcomes = 8;
/// "answered", "no_flow"; for metrics.
std::string_view name_of(Outcome outcome);

/// A request of a client: rows that are answered together.
struct Batch {
  std::size_t rows = 0;
  std::vector<std::vector<float>> inputs;           ///< [input of the network]: rows * width
  std::optional<std::chrono::microseconds> timeout; ///< none: the gateway's
  std::optional<GenerationId> generation = {};      ///< none: as the traffic goes
};

struct BatchResult {
  Outcome outcome = Outcome::answered;
  std::string message;         ///< where it was not answered: why
  std::vector<Answer> answers; ///< a row each, all present
  GenerationId generation = 0; ///< of the weights by which all rows were answered
  double seconds = 0;
};

/// Where clients come in. All members from any thread; the network and the traffic outlive it.
class Gateway {
public:
  /// Rows in flight at a time. No more than may wait on one stream between nodes.
  static constexpr std::size_t kMaxInFlight = 128;
  /// Rows of one request.
  static constexpr std::size_t kMaxRows = 64;
  /// So long after a request came a row that nothing reached is asked again, while its time lasts:
  /// within it a node that was lost for a moment is back.
  static constexpr auto kPatience = std::chrono::milliseconds(300);

  /// `addresses` of the nodes that are known; those of the output and the inputs must be.
  /// `credentials` are a client's.
  Gateway(const NetworkDescription &network, std::map<std::string, std::string> addresses,
          const Credentials &credentials, std::chrono::microseconds timeout, Traffic &traffic);
  ~Gateway();

  const NetworkDescription &network() const { return network_; }
  const Traffic &traffic() const { return traffic_; }

  /// Calls `done` once, maybe before it returns. One answer that is missing makes a failure of the
  /// whole.
  void infer(Batch batch, std::function<void(BatchResult)> done);
  /// Counts a request that did not come so far as to be inferred.
  void count(Outcome outcome);

  /// From now on nothing new is taken.
  void stop() { stopping_ = true; }
  /// Stops, and gives up what is in flight: every `done` has been called when it returns.
  void abandon();
  bool idle() const { return in_flight_ == 0; }
  /// Whether an answer can be expected now.
  bool ready() const;

  /// A node as it looks from here.
  enum class NodeState { unknown, up, suspect, down };
  /// Since the start.
  struct Statistics {
    std::array<std::uint64_t, kOutcomes> requests{}; ///< by outcome
    std::uint64_t rows = 0;                          ///< answered
    std::uint64_t asked_again = 0;                   ///< rows, since nothing had reached the output
    std::map<GenerationId, std::uint64_t> rows_of;   ///< likewise, by generation
    double answered_seconds = 0, failed_seconds = 0; ///< over all requests
    std::uint64_t last_ms = 0;                       ///< of the last request, since the epoch
    /// Answered requests no slower than each of kLatencies, and all others.
    std::array<std::uint64_t, 13> latencies{};
    std::vector<std::uint64_t> used; ///< [hyperconnection]: answered rows that rest on it
    std::vector<NodeState> nodes;
    std::size_t in_flight = 0;
  };
  Statistics statistics() const;

  /// Seconds.
  static constexpr std::array<double, 12> kLatencies = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02,
                                                        0.05,   0.1,   0.2,   0.5,   1,    2};

private:
  struct Pending;
  void ask(const std::shared_ptr<Pending> &pending, std::size_t row, Duration pause);
  void answered(const std::shared_ptr<Pending> &pending, std::size_t row, Duration pause,
                Expected<Answer> answer);
  void finish(Pending &pending);
  void watch();

  const NetworkDescription &network_;
  const std::chrono::microseconds timeout_;
  Traffic &traffic_;
  std::map<std::string, std::string> addresses_;
  std::atomic<std::uint64_t> next_request_;
  std::atomic<std::size_t> in_flight_ = 0; ///< rows
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  Statistics statistics_;
  bool fed_ = false; ///< the output's node, when it was last asked
  std::unique_ptr<Client> client_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::thread watcher_;
};

} // namespace rnet::net
