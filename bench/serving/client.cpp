// Asks a running network, and says how long it took.
//
//   client nodes INPUT FLOATS INPUT-NODE ADDRESS OUTPUT-NODE ADDRESS IDENTITY
//     asks the nodes themselves. For each number N on stdin: N requests, one after the other, in
//     nanoseconds each.
//   client door MODEL INPUT FLOATS ADDRESS
//     asks a door by the Open Inference Protocol over gRPC. For each "RATE SECONDS TIMEOUT" on
//     stdin: so many requests a second at random moments, whatever became of those before. The
//     first are not counted: gRPC's client holds them up, now and then, for a tenth of a second.
//     Says "MICROSECONDS STATUS" of each, in the order in which they were sent: of gRPC, 0 where
//     there is an answer; then "end".
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/net/client.h"
#include "inference.grpc.pb.h"

#include <grpcpp/grpcpp.h>

#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <mutex>
#include <random>
#include <thread>

using Clock = std::chrono::steady_clock;

[[noreturn]] static void fail(const std::string &message) {
  std::fprintf(stderr, "error: %s\n", message.c_str());
  std::exit(1);
}

static std::vector<float> noise(const char *width) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(std::strtoul(width, nullptr, 10));
  for (float &value : values)
    value = normal(random);
  return values;
}

static void ask_nodes(char **given) {
  const auto credentials = rnet::net::Credentials::open(given[6]);
  if (!credentials.ok())
    fail(credentials.status().message());
  const std::string input = given[0], first = given[2], last = given[4];
  const rnet::net::Client::Inputs inputs{{input, noise(given[1])}};
  rnet::net::Client client({{first, given[3]}, {last, given[5]}}, {{first, {input}}}, {last},
                           *credentials);
  std::optional<rnet::net::NodeStatus> status; // a relay has none
  for (int tries = 0; tries < 25 && !status; ++tries)
    status = client.status(last);
  const rnet::net::GenerationId generation = status ? status->generations.at(0) : 0;
  std::uint64_t request = Clock::now().time_since_epoch().count();
  for (std::size_t count; std::cin >> count;) {
    for (std::size_t k = 0; k < count; ++k) {
      const auto begin = Clock::now();
      const auto answer = client.infer(++request, generation, inputs, std::chrono::seconds(1));
      const std::chrono::nanoseconds took = Clock::now() - begin;
      if (!answer.ok() || !answer->present)
        fail(answer.ok() ? answer->reason : answer.message());
      std::cout << took.count() << ' ';
    }
    std::cout << std::endl;
  }
}

namespace {

constexpr double kLead = 0.3; // seconds

struct Call {
  grpc::ClientContext context;
  inference::ModelInferResponse response;
  Clock::time_point begin;
  std::chrono::nanoseconds took{};
  int status = -1;
};

} // namespace

static void ask_door(char **given) {
  const std::vector<float> values = noise(given[2]);
  inference::ModelInferRequest request;
  request.set_model_name(given[0]);
  auto &input = *request.add_inputs();
  input.set_name(given[1]);
  input.set_datatype("FP32");
  input.add_shape(1);
  input.add_shape(static_cast<std::int64_t>(values.size()));
  request.add_raw_input_contents(values.data(), values.size() * sizeof(float));
  const auto stub = inference::GRPCInferenceService::NewStub(
      grpc::CreateChannel(given[3], grpc::InsecureChannelCredentials()));
  std::mt19937 random(1);
  double rate, seconds, timeout;
  while (std::cin >> rate >> seconds >> timeout) {
    std::exponential_distribution<double> pause(rate);
    std::deque<Call> calls;
    std::mutex mutex;
    std::condition_variable wake;
    std::size_t open = 0;
    const auto begin = Clock::now();
    std::size_t lead = 0;
    for (double at = pause(random); at < kLead + seconds; at += pause(random)) {
      lead += at < kLead;
      std::this_thread::sleep_until(
          begin + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(at)));
      Call &call = calls.emplace_back();
      call.begin = Clock::now();
      call.context.set_deadline(std::chrono::system_clock::now() +
                                std::chrono::microseconds(std::lround(timeout * 1e6)));
      {
        std::lock_guard lock(mutex);
        ++open;
      }
      stub->async()->ModelInfer(&call.context, &request, &call.response,
                                [&](const grpc::Status &status) {
                                  call.took = Clock::now() - call.begin;
                                  call.status = status.error_code();
                                  std::lock_guard lock(mutex);
                                  --open;
                                  wake.notify_one();
                                });
    }
    std::unique_lock lock(mutex);
    wake.wait(lock, [&] { return open == 0; });
    for (std::size_t k = lead; k < calls.size(); ++k)
      std::cout << calls[k].took.count() / 1000 << ' ' << calls[k].status << '\n';
    std::cout << "end" << std::endl;
  }
}

int main(int argc, char **argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "nodes" && argc == 9)
    ask_nodes(argv + 2);
  else if (what == "door" && argc == 6)
    ask_door(argv + 2);
  else
    fail("usage: client nodes|door ...");
}
