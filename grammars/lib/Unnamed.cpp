// Looks for declared nodes, links and groups among the names in the other items.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Unnamed.h"

using namespace rnet;

static constexpr unsigned kMaxNotes = 3;

/// Of links and groups.
static void noteUnnamedDomains(const ast::Network &network, llvm::StringRef suggested,
                               Diagnostics &diagnostics) {
  llvm::StringSet<> named;
  named.insert(suggested);
  for (const ast::Item &item : network.items)
    if (auto *group = std::get_if<ast::Group>(&item))
      for (const ast::Name &member : group->members)
        named.insert(member.text);
    else if (auto *reliability = std::get_if<ast::Reliability>(&item))
      for (const ast::Reliability::Entry &entry : reliability->entries)
        named.insert(entry.name.text);
  unsigned notes = 0;
  auto note = [&](const ast::Name &name) {
    if (!named.contains(name.text) && notes++ < kMaxNotes)
      diagnostics.note(name.range, "'" + name.text +
                                       "' is declared here, and no group or reliability names it");
  };
  for (const ast::Item &item : network.items)
    if (auto *link = std::get_if<ast::Link>(&item))
      note(link->name);
    else if (auto *group = std::get_if<ast::Group>(&item))
      note(group->name);
}

void rnet::noteUnnamed(const ast::Network &network, llvm::StringRef suggested, bool nodesOnly,
                       Diagnostics &diagnostics) {
  llvm::StringSet<> named;
  named.insert(suggested);
  auto add = [&](const ast::Name &name) { named.insert(name.text); };
  for (const ast::Item &item : network.items) {
    if (auto *input = std::get_if<ast::Input>(&item))
      add(input->node);
    else if (auto *output = std::get_if<ast::Output>(&item))
      add(output->node);
    else if (auto *exit = std::get_if<ast::Exit>(&item))
      add(exit->node);
    else if (auto *chain = std::get_if<ast::Chain>(&item))
      llvm::for_each(chain->nodes, add);
    else if (auto *skip = std::get_if<ast::Skip>(&item)) {
      llvm::for_each(skip->senders, add);
      add(skip->receiver);
    }
  }
  unsigned notes = 0;
  for (const ast::Item &item : network.items)
    if (auto *node = std::get_if<ast::Node>(&item);
        node && !named.contains(node->name.text) && notes++ < kMaxNotes)
      diagnostics.note(node->name.range,
                       "'" + node->name.text +
                           "' is declared here, and no input, output or hyperconnection names it");
  if (!nodesOnly)
    noteUnnamedDomains(network, suggested, diagnostics);
}
