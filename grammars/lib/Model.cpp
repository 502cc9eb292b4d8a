// The model as text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Grammars/Model.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace rnet;
using namespace rnet::model;

const ast::Name &Network::nameOf(Cause cause) const {
  return cause.kind == Cause::Kind::node   ? nodes[cause.index].spec->name
         : cause.kind == Cause::Kind::link ? links[cause.index].spec->name
                                           : groups[cause.index].spec->name;
}

bool Network::isFailable(Cause cause) const {
  return cause.kind == Cause::Kind::node   ? nodes[cause.index].failable
         : cause.kind == Cause::Kind::link ? links[cause.index].failable
                                           : groups[cause.index].failable;
}

bool Network::mayBeDown(const Node &node) const {
  return node.failable ||
         llvm::any_of(node.groups, [&](unsigned group) { return groups[group].failable; });
}

namespace {

class Dumper {
public:
  Dumper(const Network &network, llvm::raw_ostream &out) : network(network), out(out) {}

  void run() {
    line(0, "network " + network.name);
    for (const Input &input : network.inputs)
      line(2, "input " + input.spec->name.text + " [" + join(input.shape) + "] at " +
                  nameOf(input.node));
    for (const Output &output : network.outputs)
      line(2, "output " + output.spec->name.text + " [" + llvm::Twine(output.width) + "] at " +
                  nameOf(output.node) +
                  (output.classNames.empty() ? "" : ": " + llvm::join(output.classNames, ", ")));
    for (const Exit &exit : network.exits) {
      line(2, "exit " + exit.spec->output.text + " at " + nameOf(exit.node));
      dump(exit.head, 4);
    }
    for (const Node &node : network.nodes)
      dump(node);
    for (const Link &link : network.links)
      line(2, "link " + link.spec->name.text + " joins" + names(link.nodes) + inGroups(link) +
                  (link.failable ? " failable" : ""));
    for (const Group &group : network.groups)
      line(2, "group " + group.spec->name.text + (group.failable ? " failable" : ""));
    for (const Hyperconnection &connection : network.hyperconnections)
      dump(connection);
    for (const StandIn &standIn : network.standIns)
      dump(standIn);
    for (const Reliability &reliability : network.reliabilities) {
      std::string text;
      for (auto [cause, value] : reliability.causes)
        text += " " + network.nameOf(cause).text + "=" + number(value);
      line(2, "reliability " + reliability.spec->name.text + text);
    }
    if (network.recipe)
      dump(*network.recipe);
  }

private:
  void line(unsigned indent, const llvm::Twine &text) { out.indent(indent) << text << '\n'; }
  const std::string &nameOf(unsigned node) const { return network.nodes[node].spec->name.text; }
  std::string names(const std::vector<unsigned> &nodes) const {
    std::string text;
    for (unsigned node : nodes)
      text += " " + nameOf(node);
    return text;
  }
  template <class Member> std::string inGroups(const Member &member) const {
    std::string text;
    for (unsigned group : member.groups)
      text += " in " + network.groups[group].spec->name.text;
    return text;
  }
  static std::string number(double value) {
    std::string text;
    llvm::raw_string_ostream(text) << llvm::format("%.6g", value);
    return text;
  }
  static std::string join(const std::vector<int64_t> &sizes) {
    return llvm::join(llvm::map_range(sizes, [](int64_t size) { return std::to_string(size); }),
                      "x");
  }

  void dump(const Node &node) {
    line(2, "node " + node.spec->name.text + inGroups(node) + (node.failable ? " failable" : ""));
    dump(node.layers, 4);
    if (node.budget && node.budget->memory)
      line(4, "memory " + llvm::Twine(number(node.budget->memory->bytes)) + " bytes");
    if (node.budget && node.budget->sent)
      line(4, "sent " + llvm::Twine(number(node.budget->sent->bytes)) + " bytes");
  }
  void dump(const std::vector<Layer> &layers, unsigned indent) {
    for (const Layer &layer : layers) {
      std::string text = layer.name + ": " + layer.kind;
      for (const auto &[name, value] : layer.numbers)
        text += " " + name + "=" + number(value);
      for (const auto &[name, value] : layer.words)
        text += " " + name + "=" + value;
      for (const auto &[name, value] : layer.sizes)
        text += " " + name + "=" + join(value);
      line(indent,
           text + " as " + layer.path + (layer.original.empty() ? "" : " from " + layer.original));
      for (const std::vector<Layer> &branch : layer.branches) {
        line(indent + 2, "branch");
        dump(branch, indent + 4);
      }
    }
  }
  void dump(const Hyperconnection &connection) {
    line(2, (connection.isSkip ? "skip " : "simple ") + connection.name +
                (connection.weight ? " weight " + number(*connection.weight) : "") +
                (connection.element.empty() ? "" : " as " + connection.element) +
                (connection.isStandby ? " standby" : "") + (connection.average ? " averaged" : "") +
                routeOf(connection.route));
    dump(connection.projection, 4);
  }
  /// ` over radio, edge, lan`: links and relays in turn.
  std::string routeOf(const Route &route) const {
    std::string text;
    for (size_t k = 0; k < route.links.size(); ++k)
      text += (k == 0 ? " over " : ", " + nameOf(route.relays[k - 1]) + ", ") +
              network.links[route.links[k]].spec->name.text;
    return text;
  }
  void dump(const StandIn &standIn) {
    auto names = [&](const std::vector<unsigned> &connections) {
      return llvm::join(
          llvm::map_range(connections,
                          [&](unsigned index) { return network.hyperconnections[index].name; }),
          ", ");
    };
    line(2, "stand-in " + names(standIn.members) + " for " + names(standIn.standsFor) + " around " +
                llvm::Twine(standIn.bypassed));
  }
  void dump(const Recipe &recipe) {
    std::string text = "recipe " + recipe.optimizer;
    for (const auto &[name, value] : recipe.numbers)
      text += " " + name + "=" + number(value);
    const Failout &failout = recipe.failout;
    text += " failout=" +
            (failout.setting ? network.reliabilities[*failout.setting].spec->name.text
                             : number(failout.rate)) +
            (failout.perRow ? " per row" : "") + (failout.stratified ? " stratified" : "") +
            (failout.expected ? " expected" : "");
    text += recipe.keepBest ? " best" : " last";
    if (recipe.weightDecay > 0)
      text += " weight_decay=" + number(recipe.weightDecay);
    if (recipe.balanced)
      text += " balanced";
    line(2, text);
    if (const std::optional<Schedule> &schedule = recipe.schedule)
      line(4, schedule->kind == Schedule::Kind::step
                  ? "step every=" + std::to_string(schedule->every) +
                        " factor=" + number(schedule->factor)
                  : "cosine warmup=" + std::to_string(schedule->warmup));
    if (const std::optional<Augmentation> &images = recipe.augmentation)
      line(4, "images rotation=" + number(images->rotation) + " shift=" + number(images->shift) +
                  (images->flip ? " flip" : ""));
  }

  const Network &network;
  llvm::raw_ostream &out;
};

} // namespace

void rnet::dump(const Network &network, llvm::raw_ostream &out) { Dumper(network, out).run(); }
