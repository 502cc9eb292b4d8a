// What may fail in a network, and what goes with it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Analysis/Causes.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace rnet;

std::vector<FailureCause> rnet::findFailureCauses(NetworkOp network) {
  std::vector<FailureCause> causes;
  llvm::StringMap<unsigned> numbers;
  auto add = [&](auto op) -> FailureCause & {
    numbers[op.getName()] = causes.size();
    return causes.emplace_back(FailureCause{op, op.getName(), false, {}, {}});
  };
  for (auto [number, node] : llvm::enumerate(network.getOps<NodeOp>()))
    add(node).nodes.push_back(number);
  for (auto link : network.getOps<LinkOp>())
    add(link);
  for (auto [number, connection] : llvm::enumerate(network.getOps<HyperconnectionOp>()))
    if (std::optional<ArrayAttr> route = connection.getRoute())
      for (StringRef name : route->getAsValueRange<StringAttr>())
        causes[numbers.lookup(name)].cut.push_back(number);
  for (auto group : network.getOps<GroupOp>()) {
    FailureCause &cause = add(group);
    for (StringRef name : group.getMembers().getAsValueRange<StringAttr>()) {
      const FailureCause &member = causes[numbers.lookup(name)];
      llvm::append_range(cause.nodes, member.nodes);
      llvm::append_range(cause.cut, member.cut);
    }
    // A route may lead over several members.
    llvm::sort(cause.nodes);
    llvm::sort(cause.cut);
    cause.cut.erase(llvm::unique(cause.cut), cause.cut.end());
  }
  for (auto setting : network.getOps<ReliabilityOp>())
    for (NamedAttribute entry : setting.getCauses())
      causes[numbers.lookup(entry.getName().getValue())].failable = true;
  return causes;
}

bool rnet::hasLinksOrGroups(NetworkOp network) {
  return !network.getOps<LinkOp>().empty() || !network.getOps<GroupOp>().empty();
}
