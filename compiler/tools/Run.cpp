// `rnet run`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Run.h"
#include "Keys.h"
#include "LocalAddresses.h"
#include "Processes.h"

#include "rnet/core/accuracy_table.h"
#include "rnet/core/atomic_file.h"
#include "rnet/core/decimal.h"
#include "rnet/core/weights_file.h"
#include "rnet/data/dataset.h"
#include "rnet/net/client.h"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <atomic>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <optional>
#include <poll.h>
#include <set>
#include <unistd.h>

namespace rnet::tools {
namespace {

using nlohmann::ordered_json;
namespace fs = std::filesystem;

std::atomic<bool> interrupted = false; // a signal handler has nothing but globals
extern "C" void interrupt(int) { interrupted = true; }

struct Input {
  std::string name, node;
  std::vector<std::size_t> shape;
  std::size_t width() const {
    std::size_t count = 1;
    for (std::size_t size : shape)
      count *= size;
    return count;
  }
};

/// What `rnet build` wrote about the network.
struct Network {
  std::string name;
  std::vector<std::string> nodes;
  std::vector<Input> inputs;
  std::string output;
  std::vector<std::string> heads; ///< nodes with the output and its exits, as they answer
  std::vector<std::string> classes;
  struct Connection {
    std::string name, from, to;
  };
  std::vector<Connection> connections;
};

Expected<Network> readNetwork(const std::string &directory) {
  const std::string path = (fs::path(directory) / "network.json").string();
  auto text = read_file(path);
  if (!text.ok())
    return Status::error("'" + directory + "' holds no built network (" + text.message() +
                         "): run rnet build first");
  try {
    const ordered_json json = ordered_json::parse(*text);
    if (json.at("schema") != 1)
      return Status::error("'" + path + "' has a schema other than 1");
    Network network;
    network.name = json.at("network");
    network.nodes = json.at("nodes").get<std::vector<std::string>>();
    for (const auto &input : json.at("inputs"))
      network.inputs.push_back(
          {input.at("name"), input.at("node"), input.at("shape").get<std::vector<std::size_t>>()});
    const auto &output = json.at("outputs").at(0);
    network.output = output.at("name");
    network.heads = {output.at("node").get<std::string>()};
    if (output.contains("exits"))
      for (const auto &node : output.at("exits"))
        network.heads.push_back(node.get<std::string>());
    if (output.contains("classes"))
      network.classes = output.at("classes").get<std::vector<std::string>>();
    for (const auto &connection : json.at("hyperconnections"))
      network.connections.push_back(
          {connection.at("name"), connection.at("from"), connection.at("to")});
    return network;
  } catch (const ordered_json::exception &error) {
    return Status::error("'" + path + "' is damaged: " + error.what());
  }
}

/// Standard input or a file, line by line, without missing Ctrl-C.
class Lines {
public:
  explicit Lines(int descriptor) : descriptor_(descriptor) {}

  std::optional<std::string> next() {
    for (std::size_t searched = 0;;) { // a line may be long, and comes in pieces
      if (const std::size_t end = buffer_.find('\n', searched); end != std::string::npos) {
        std::string line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return line;
      }
      if (ended_) {
        if (buffer_.empty())
          return std::nullopt;
        return std::exchange(buffer_, "");
      }
      searched = buffer_.size();
      pollfd waiting{descriptor_, POLLIN, 0};
      if (interrupted)
        return std::nullopt;
      if (::poll(&waiting, 1, 100) <= 0)
        continue;
      char bytes[65536];
      const ssize_t count = ::read(descriptor_, bytes, sizeof bytes);
      if (count <= 0)
        ended_ = true;
      else
        buffer_.append(bytes, static_cast<std::size_t>(count));
    }
  }

private:
  int descriptor_;
  std::string buffer_;
  bool ended_ = false;
};

struct Request {
  ordered_json id;
  std::map<std::string, std::vector<float>> inputs;
};

/// Numbers in any nesting, in order.
bool flatten(const ordered_json &value, std::vector<float> &to) {
  if (value.is_number()) {
    to.push_back(value.get<float>());
    return true;
  }
  if (!value.is_array())
    return false;
  for (const auto &element : value)
    if (!flatten(element, to))
      return false;
  return true;
}

Expected<Request> parseRequest(const Network &network, const std::string &line,
                               std::size_t number) {
  Request request;
  request.id = number;
  try {
    const ordered_json json = ordered_json::parse(line);
    if (!json.is_object())
      return Status::error("expected an object like {\"id\": 1, \"inputs\": {\"" +
                           network.inputs[0].name + "\": [...]}}");
    if (json.contains("id"))
      request.id = json["id"];
    if (!json.contains("inputs") || !json["inputs"].is_object())
      return Status::error("there is no object 'inputs'");
    for (const auto &[name, values] : json["inputs"].items()) {
      const Input *input = nullptr;
      for (const Input &candidate : network.inputs)
        if (candidate.name == name)
          input = &candidate;
      if (!input)
        return Status::error("the network has no input '" + name + "'");
      std::vector<float> &to = request.inputs[name];
      if (!flatten(values, to) || to.size() != input->width())
        return Status::error("input '" + name + "' needs " + std::to_string(input->width()) +
                             " numbers, found " + std::to_string(to.size()));
    }
  } catch (const ordered_json::exception &error) {
    return Status::error(std::string("no JSON: ") + error.what());
  }
  return request;
}

class Runner {
public:
  Runner(const Network &network, const RunOptions &options, net::GenerationId generation,
         net::Client &client)
      : network_(network), options_(options), generation_(generation), client_(client) {}

  void answer(const Request &request) {
    const auto begin = std::chrono::steady_clock::now();
    auto answer = client_.infer(++number_, generation_, request.inputs,
                                std::chrono::milliseconds(options_.deadlineMs));
    const double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
    if (!answer.ok())
      return refuse(request.id, answer.message());
    ordered_json line = {{"id", request.id}, {"output", network_.output}};
    if (!answer->present) {
      line["error"] = answer->reason;
    } else {
      const auto best =
          std::max_element(answer->values.begin(), answer->values.end()) - answer->values.begin();
      if (answer->head > 0)
        line["exit"] = network_.heads[answer->head];
      line["class"] = best;
      if (!network_.classes.empty())
        line["name"] = network_.classes[static_cast<std::size_t>(best)];
      ordered_json values = ordered_json::array();
      for (float value : answer->values)
        values.push_back(shortest(value));
      line["probabilities"] = std::move(values);
      line["nodes"] = nodes(*answer);
      line["hyperconnections"] = connections(answer->used);
      line["expected_accuracy"] =
          answer->accuracy ? ordered_json(answer->accuracy->value) : ordered_json("unknown");
      if (answer->accuracy && answer->accuracy->interval)
        line["expected_interval"] = {answer->accuracy->interval->low,
                                     answer->accuracy->interval->high};
    }
    line["time_ms"] = std::round(ms * 1000) / 1000;
    std::cout << line.dump() << std::endl;
  }

  void refuse(const ordered_json &id, const std::string &why) {
    std::cout << ordered_json{{"id", id}, {"error", why}}.dump() << std::endl;
  }

private:
  ordered_json connections(std::uint64_t used) const {
    ordered_json names = ordered_json::array();
    for (std::size_t k = 0; k < network_.connections.size(); ++k)
      if (used >> k & 1)
        names.push_back(network_.connections[k].name);
    return names;
  }
  /// Nodes that took part: the one that answered, those at either end of a used hyperconnection.
  ordered_json nodes(const net::Answer &answer) const {
    std::set<std::string> part{network_.heads[answer.head]};
    for (std::size_t k = 0; k < network_.connections.size(); ++k)
      if (answer.used >> k & 1) {
        part.insert(network_.connections[k].from);
        part.insert(network_.connections[k].to);
      }
    ordered_json names = ordered_json::array();
    for (const std::string &node : network_.nodes)
      if (part.count(node))
        names.push_back(node);
    return names;
  }

  const Network &network_;
  const RunOptions &options_;
  const net::GenerationId generation_;
  net::Client &client_;
  std::uint64_t number_ = 0;
};

/// How long nodes may take to start on a busy machine. One that dies is noticed at once.
constexpr std::chrono::seconds kPatience(60);

/// Waits until every node has heard from all its senders.
Status waitUntilReady(const Network &network, const Processes &processes, net::Client &client) {
  const auto limit = std::chrono::steady_clock::now() + kPatience;
  for (const std::string &node : network.nodes)
    for (;;) {
      auto status = client.status(node);
      if (status && status->waiting_for.empty())
        break;
      if (interrupted)
        return {};
      if (!processes.up(node))
        return Status::error("node '" + node + "' did not start");
      if (std::chrono::steady_clock::now() > limit)
        return Status::error(
            "node '" + node + "' is not ready after " + std::to_string(kPatience.count()) + " s" +
            (status ? ": it waits for '" + status->waiting_for.front() + "'" : ""));
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  return {};
}

bool endsWith(const std::string &text, const std::string &end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// Rows of a dataset as requests.
Status answerDataset(const Network &network, const std::string &path, Runner &runner) {
  std::vector<InputDescription> inputs;
  for (const Input &input : network.inputs)
    inputs.push_back({input.name, 0, input.width(), input.shape});
  // Labels do not matter here, so any class will do.
  const OutputDescription outputs[] = {{network.output, 0, 0, std::size_t(1) << 31, {}}};
  NetworkDescription description{};
  description.name = network.name;
  description.inputs = inputs;
  description.outputs = outputs;
  auto dataset = read_dataset(path, description, /*selection=*/{}, /*need_labels=*/false);
  if (!dataset.ok())
    return dataset.status();
  for (std::size_t row = 0; row < dataset->rows && !interrupted; ++row) {
    Request request;
    request.id = row;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      std::vector<float> &input = request.inputs[network.inputs[k].name];
      input.resize(inputs[k].width);
      dataset->copy_row(k, row, input.data());
    }
    runner.answer(request);
  }
  return {};
}

/// What the command line or standard input asks.
Status answerAll(const Network &network, const RunOptions &options, Runner &runner) {
  if (endsWith(options.input, ".npz") || endsWith(options.input, ".csv"))
    return answerDataset(network, options.input, runner);
  int descriptor = STDIN_FILENO;
  if (!options.input.empty() &&
      (descriptor = ::open(options.input.c_str(), O_RDONLY | O_CLOEXEC)) < 0)
    return Status::error("cannot read '" + options.input + "': " + std::strerror(errno));
  Lines lines(descriptor);
  std::size_t number = 0;
  while (std::optional<std::string> line = lines.next()) {
    ++number;
    if (line->find_first_not_of(" \t\r") == std::string::npos)
      continue;
    auto request = parseRequest(network, *line, number);
    if (request.ok())
      runner.answer(*request);
    else
      runner.refuse(number, "line " + std::to_string(number) + ": " + request.message());
  }
  return {};
}

/// What requests from here name: the weights of the file, or the first of a folder.
Expected<net::GenerationId> readGeneration(const std::string &path) {
  std::set<std::string> files;
  std::error_code none;
  for (const fs::directory_entry &entry : fs::directory_iterator(path, none))
    if (entry.path().extension() == ".safetensors")
      files.insert(entry.path().string());
  const auto weights = WeightsFile::open(files.empty() ? path : *files.begin());
  if (!weights.ok())
    return weights.status();
  if (const auto generation = net::generation_of_name(weights->data_hash().substr(0, 16)))
    return *generation;
  return Status::error("weights file '" + weights->path() + "' has no hash of its data");
}

Status runNetwork(const RunOptions &options) {
  auto network = readNetwork(options.directory);
  if (!network.ok())
    return network.status();
  const auto generation = readGeneration(options.weights);
  if (!generation.ok())
    return generation.status();
  const bool secure = !options.identity.empty();
  const auto addresses =
      secure ? LocalAddresses::ports(network->nodes) : LocalAddresses::sockets(network->nodes);
  if (!addresses.ok())
    return addresses.status();
  net::Credentials credentials;
  if (secure) {
    auto opened = net::Credentials::open(clientKeys(options.identity, kLocalClient));
    if (!opened.ok())
      return opened.status();
    credentials = *opened;
  }
  const std::string accuracy = AccuracyTable::path_for(options.weights);

  std::map<std::string, std::vector<std::string>> inputs;
  std::vector<ProcessSpec> specs;
  for (const std::string &node : network->nodes) {
    ProcessSpec spec{node,
                     {(fs::path(options.directory) / "bin" / (network->name + "-" + node)).string(),
                      "--weights", options.weights, "--listen", addresses->at(node), "--log",
                      options.log, "--deadline", std::to_string(options.deadlineMs)}};
    auto pass = [&](const std::string &option, const std::string &value) {
      spec.command.insert(spec.command.end(), {option, value});
    };
    for (const std::string &peer : network->nodes)
      if (peer != node)
        pass("--peer", peer + "=" + addresses->at(peer));
    if (secure)
      pass("--identity", nodeKeys(options.identity, node));
    if (node == network->heads.front()) {
      if (!options.http.empty())
        pass("--http", options.http);
      if (!options.grpc.empty())
        pass("--grpc", options.grpc);
      if (secure && options.serves())
        pass("--client-identity", clientKeys(options.identity, kLocalClient));
    }
    if (std::ranges::find(network->heads, node) != network->heads.end() &&
        !fs::is_directory(options.weights) && fs::exists(accuracy))
      pass("--accuracy", accuracy);
    specs.push_back(std::move(spec));
  }
  for (const Input &input : network->inputs)
    inputs[input.node].push_back(input.name);

  Processes processes(options.restart);
  if (Status status = processes.start(std::move(specs)); !status.ok())
    return status;
  processes.watch();
  net::Client client(addresses->all(), inputs, network->heads, credentials);
  if (Status status = waitUntilReady(*network, processes, client); !status.ok() || interrupted)
    return status;
  std::cerr << "network " + network->name + " ready: " + std::to_string(network->nodes.size()) +
                   " nodes\n";

  Runner runner(*network, options, *generation, client);
  const Status status = answerAll(*network, options, runner);
  while (status.ok() && options.serves() && !interrupted)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return status;
}

} // namespace

void addRunOptions(CLI::App &command, RunOptions &options) {
  command.add_option("directory", options.directory, "what rnet build wrote")->required();
  command
      .add_option("--weights", options.weights,
                  "the weights file; or a folder of them, for rnet upgrade")
      ->required();
  command.add_option("--input", options.input,
                     "requests: JSON lines {\"id\": 1, \"inputs\": {NAME: [numbers]}}, or rows of "
                     "a .npz or .csv; default: JSON lines from standard input");
  command.add_option("--identity", options.identity,
                     "what rnet keys wrote: nodes listen on ports of 127.0.0.1, over mutual TLS");
  command.add_option("--http", options.http,
                     "answer clients at this address, by the Open Inference Protocol: "
                     "127.0.0.1:PORT or unix:PATH; serves until it is interrupted");
  command.add_option("--grpc", options.grpc, "the same over gRPC");
  command.add_option("--log", options.log, "how nodes say what happens to them")
      ->check(CLI::IsMember({"plain", "json"}))
      ->capture_default_str();
  command.add_flag("--restart", options.restart, "start a dead node again");
  command.add_option("--deadline", options.deadlineMs, "milliseconds for each answer")
      ->check(CLI::Range(1, 600000))
      ->capture_default_str();
}

int run(const RunOptions &options) {
  struct sigaction action = {};
  action.sa_handler = interrupt;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  if (Status status = runNetwork(options); !status.ok()) {
    std::cerr << "error: " << status.message() << "\n";
    return 1;
  }
  return interrupted && !options.serves() ? 130 : 0;
}

} // namespace rnet::tools
