// The checker: hyperconnections.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Checker.h"

using namespace rnet;
using namespace rnet::model;

/// `project copy`, or null.
static const ast::Layer *findCopy(const ast::ConnectionOptions &options) {
  auto *layer = std::get_if<ast::Layer>(&options.project);
  return layer && layer->kind.text == kCopy ? layer : nullptr;
}

std::optional<unsigned> Checker::connect(unsigned from, unsigned to, bool isSkip, ast::Range range,
                                         const ast::ConnectionOptions &options) {
  Hyperconnection connection{network.nodes[from].spec->name.text + "_to_" +
                                 network.nodes[to].spec->name.text,
                             from,
                             to,
                             isSkip,
                             range,
                             {},
                             std::nullopt};
  auto [found, isNew] = connectionNames.try_emplace(connection.name, range);
  if (!isNew) {
    diagnostics.report("duplicate-hyperconnection", range,
                       "there is a second hyperconnection from '" +
                           network.nodes[from].spec->name.text + "' to '" +
                           network.nodes[to].spec->name.text + "'");
    diagnostics.note(found->second, "the first is here");
    return std::nullopt;
  }
  const ast::Layer *copy = findCopy(options);
  if (!copy)
    connection.projection =
        expander.expandProjection(options, network.nodes[from].spec->name.text, connection.name);
  else if (!copy->arguments.empty())
    diagnostics.report("bad-argument", copy->range, "'copy' takes no arguments");
  else if (!isSkip)
    diagnostics.report("bad-copy", copy->range, "only a skip bypasses nodes that it could copy");
  if (options.weight)
    if (!(connection.weight = evaluate(*options.weight, constants, diagnostics)))
      return std::nullopt;
  if (options.standby && !isSkip)
    diagnostics.report("bad-standby", *options.standby,
                       "only a skip can be on standby: the receiver of a simple hyperconnection "
                       "always needs it");
  connection.isStandby = options.standby && isSkip;
  connection.element = checkElement(options.element, "a hyperconnection");
  const unsigned index = network.hyperconnections.size();
  if (copy)
    copies.emplace_back(index, copy->range);
  network.nodes[from].outgoing.push_back(index);
  network.nodes[to].incoming.push_back(index);
  if (network.nodes[to].incoming.size() + network.nodes[to].inputs.size() == 65)
    diagnostics.report("not-supported", range,
                       "'" + network.nodes[to].spec->name.text + "' has more than 64 inputs");
  network.hyperconnections.push_back(std::move(connection));
  return index;
}

/// In the order of the spec, which is that of a mux.
void Checker::addConnections() {
  for (const ast::Item &item : files.back().network->items) {
    if (auto *chain = std::get_if<ast::Chain>(&item))
      addChain(*chain);
    else if (auto *skip = std::get_if<ast::Skip>(&item))
      addSkip(*skip);
  }
}

void Checker::addChain(const ast::Chain &chain) {
  for (const ast::Name &name : chain.options.standsFor) {
    diagnostics.report("bad-stand-in", name.range,
                       "only a skip stands in for another hyperconnection");
    diagnostics.note(chain.nodes.front().range, "a skip has the word 'skip' before it");
  }
  std::optional<unsigned> from = findNode(chain.nodes.front());
  for (size_t k = 1; k < chain.nodes.size(); ++k) {
    std::optional<unsigned> to = findNode(chain.nodes[k]);
    const ast::Range range{chain.nodes[k - 1].range.begin, chain.nodes[k].range.end,
                           chain.range.file};
    if (from && to)
      connect(*from, *to, false, range,
              k + 1 == chain.nodes.size() ? chain.options : ast::ConnectionOptions());
    from = to;
  }
}

void Checker::addSkip(const ast::Skip &skip) {
  SkipGroup group{{}, &skip.options.standsFor, skip.range};
  std::optional<unsigned> to = findNode(skip.receiver);
  for (const ast::Name &sender : skip.senders) {
    std::optional<unsigned> from = findNode(sender);
    if (from && to)
      if (std::optional<unsigned> index = connect(*from, *to, true, skip.range, skip.options))
        group.members.push_back(*index);
  }
  if (!group.members.empty())
    groups.push_back(std::move(group));
}
