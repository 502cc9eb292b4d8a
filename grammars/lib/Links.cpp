// The checker: links and groups.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Checker.h"

using namespace rnet;
using namespace rnet::model;

/// They share one space of names with the nodes. All names come before any members, so that order
/// does not matter.
void Checker::declareLinks() {
  auto declareOne = [&](const auto &spec, Cause::Kind kind, auto &list) {
    if (!declare(causeNames, spec.name, "node, link or group"))
      return;
    causes[spec.name.text] = {kind, static_cast<unsigned>(list.size())};
    list.emplace_back().spec = &spec;
  };
  forEach<ast::Link>(
      [&](const ast::Link &spec) { declareOne(spec, Cause::Kind::link, network.links); });
  forEach<ast::Group>(
      [&](const ast::Group &spec) { declareOne(spec, Cause::Kind::group, network.groups); });
  for (Link &link : network.links)
    addMembers(link);
  for (unsigned index = 0; index < network.groups.size(); ++index)
    addMembers(network.groups[index], index);
}

void Checker::addMembers(Link &link) {
  Names names;
  for (const ast::Name &member : link.spec->members) {
    std::optional<unsigned> node = findNode(member);
    if (declare(names, member, "member") && node)
      link.nodes.push_back(*node);
  }
  if (link.spec->members.size() < 2)
    diagnostics.report("bad-link", link.spec->range,
                       "link '" + link.spec->name.text +
                           "' joins one node: a link joins two or more");
}

void Checker::addMembers(const Group &group, unsigned index) {
  Names names;
  for (const ast::Name &member : group.spec->members) {
    std::optional<Cause> cause = findCause(member, "node or link");
    if (!declare(names, member, "member") || !cause)
      continue;
    switch (cause->kind) {
    case Cause::Kind::node:
      network.nodes[cause->index].groups.push_back(index);
      break;
    case Cause::Kind::link:
      network.links[cause->index].groups.push_back(index);
      break;
    case Cause::Kind::group:
      diagnostics.report("bad-group", member.range,
                         "'" + member.text + "' is a group: a group holds nodes and links");
      diagnostics.note(network.nameOf(*cause).range, "it is declared here");
    }
  }
}
