// W.accuracy.json.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/core/accuracy_table.h"

#include "rnet/core/atomic_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace rnet {

using nlohmann::ordered_json;

std::string AccuracyTable::path_for(const std::string &weights_path) {
  const std::string end = ".safetensors";
  const bool known = weights_path.size() > end.size() &&
                     weights_path.compare(weights_path.size() - end.size(), end.size(), end) == 0;
  return weights_path.substr(0, weights_path.size() - (known ? end.size() : 0)) + ".accuracy.json";
}

Status AccuracyTable::write(const std::string &path, const NetworkDescription &network,
                            const std::string &weights_hash,
                            const std::vector<PatternAccuracy> &patterns) {
  ordered_json list = ordered_json::array();
  for (const PatternAccuracy &pattern : patterns) {
    ordered_json used = ordered_json::array();
    for (std::size_t k = 0; k < network.hyperconnections.size(); ++k)
      if (pattern.usage.used >> k & 1)
        used.push_back(network.hyperconnections[k].name);
    list.push_back({{"used", used},
                    {"down", pattern.down},
                    {"flow", pattern.usage.flow},
                    {"accuracy", pattern.accuracy.value},
                    {"balanced_accuracy", pattern.balanced}});
    if (pattern.usage.head > 0)
      list.back()["exit"] = network.nodes[network.outputs[0].head(pattern.usage.head).node].name;
    if (const auto &interval = pattern.accuracy.interval)
      list.back()["interval"] = {interval->low, interval->high};
  }
  const ordered_json table = {{"schema", 1},
                              {"network", network.name},
                              {"topology", network.topology_fingerprint},
                              {"weights_sha256", weights_hash},
                              {"patterns", list}};
  return write_file(path, table.dump(1) + "\n");
}

Expected<AccuracyTable> AccuracyTable::read(const std::string &path,
                                            const NetworkDescription &network,
                                            const std::string &weights_hash) {
  auto text = read_file(path);
  if (!text.ok())
    return text.status();
  auto refuse = [&](const std::string &why) {
    return Status::error("accuracy table '" + path + "' " + why);
  };
  AccuracyTable table;
  try {
    const ordered_json json = ordered_json::parse(*text);
    if (json.at("schema") != 1)
      return refuse("has a schema other than 1");
    if (json.at("topology").get<std::string>() != network.topology_fingerprint)
      return refuse("is of another network or scheme");
    if (json.at("weights_sha256").get<std::string>() != weights_hash)
      return refuse("is of other weights: run the evaluator again");
    for (const auto &pattern : json.at("patterns")) {
      UsedSet used = 0;
      for (const auto &name : pattern.at("used")) {
        auto found = std::find_if(network.hyperconnections.begin(), network.hyperconnections.end(),
                                  [&](const auto &h) { return h.name == name.get<std::string>(); });
        if (found == network.hyperconnections.end())
          return refuse("names a hyperconnection that the network does not have");
        used |= UsedSet(1) << (found - network.hyperconnections.begin());
      }
      std::size_t head = 0;
      if (pattern.contains("exit")) {
        const auto exit = pattern["exit"].get<std::string>();
        const OutputDescription &output = network.outputs[0];
        while (++head < output.heads() && network.nodes[output.head(head).node].name != exit) {
        }
        if (head == output.heads())
          return refuse("names an exit that the network does not have");
      }
      // Patterns in which the same head uses the same hyperconnections compute the same.
      if (!pattern.at("flow").get<bool>())
        continue;
      Accuracy accuracy{pattern.at("accuracy").get<double>(), {}};
      if (pattern.contains("interval")) {
        const auto ends = pattern["interval"].get<std::vector<double>>();
        if (ends.size() != 2)
          return refuse("has an interval of " + std::to_string(ends.size()) + " ends");
        accuracy.interval = {ends[0], ends[1]};
      }
      const auto [low, high] = accuracy.interval.value_or(Interval{accuracy.value, accuracy.value});
      if (!(0 <= low && low <= accuracy.value && accuracy.value <= high && high <= 1))
        return refuse("has an accuracy that is no fraction, or not within its interval");
      table.accuracy_[{head, used}] = accuracy;
    }
  } catch (const ordered_json::exception &error) {
    return refuse(std::string("is damaged: ") + error.what());
  }
  return table;
}

} // namespace rnet
