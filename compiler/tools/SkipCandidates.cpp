// The skip hyperconnections that a network could have and has not.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "SkipCandidates.h"

#include "rnet/Analysis/Projections.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;
using namespace rnet::tools;

/// The inputs of a node as its mux adds them.
static Type getMuxType(NodeOp node) {
  for (auto mux : node.getBody().getOps<MuxOp>())
    return mux.getOutput().getType();
  return {};
}

std::vector<SkipCandidate> tools::findSkipCandidates(const Spec &spec) {
  const model::Network &model = spec.getModel();
  NetworkOp network = spec.getNetwork();
  const SymbolTable symbols(network);
  llvm::StringMap<NodeOp> nodes;
  for (auto node : network.getOps<NodeOp>())
    nodes[node.getName()] = node;
  llvm::StringSet<> there;
  for (const model::Hyperconnection &connection : model.hyperconnections)
    there.insert(connection.name);
  std::vector<size_t> inputs;
  for (const model::Node &node : model.nodes)
    inputs.push_back(node.incoming.size() + node.inputs.size());

  std::vector<SkipCandidate> result;
  for (unsigned from = 0; from < model.nodes.size(); ++from)
    for (unsigned to = 0; to < model.nodes.size(); ++to) {
      SkipCandidate candidate{model.nodes[from].spec->name.text, model.nodes[to].spec->name.text,
                              "", "", ""};
      if (from == to || there.contains(candidate.name()))
        continue;
      const std::vector<unsigned> bypassed = findBypassed(model, from, to);
      if (bypassed.empty())
        continue;
      NodeOp sender = nodes.lookup(candidate.from);
      const Type have = sender.getResult(0).getType(),
                 want = getMuxType(nodes.lookup(candidate.to));
      InputOp raw = findRawPrivateInput(sender.getYield().getResults().front(), symbols);
      if (have != want || raw)
        candidate.projection = suggestProjection(have, want);
      if (have != want && candidate.projection.empty())
        candidate.reason = "no single layer makes " + spellRows(want) + " of " + spellRows(have);
      else if (raw && (candidate.projection.empty() ||
                       StringRef(candidate.projection).starts_with("zero_pad")))
        candidate.reason = "private input '" + raw.getName().str() + "' would leave its node raw";
      else if (inputs[to] == 64)
        candidate.reason = "'" + candidate.to + "' would have more than 64 inputs";
      else
        ++inputs[to];
      candidate.text = "skip " + candidate.from + " -> " + candidate.to;
      if (!candidate.projection.empty())
        candidate.text += " project " + candidate.projection;
      if (bypassed.size() > 1)
        for (auto [k, connection] : llvm::enumerate(bypassed))
          candidate.text += (k == 0 ? " for " : ", ") +
                            model.nodes[model.hyperconnections[connection].from].spec->name.text;
      result.push_back(std::move(candidate));
    }
  return result;
}
