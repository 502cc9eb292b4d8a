// The tree as text.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Grammars/Printer.h"

using namespace rnet;
using namespace rnet::ast;

namespace {

class Dumper {
public:
  explicit Dumper(llvm::raw_ostream &out) : out(out) {}

  void dump(const File &file) {
    for (const FileItem &item : file.items)
      std::visit([&](const auto &it) { dump(it); }, item);
    if (!file.network)
      return;
    line(file.network->range, "network " + file.network->name.text);
    inside([&] {
      for (const Item &item : file.network->items)
        std::visit([&](const auto &it) { dump(it); }, item);
    });
  }

private:
  void line(Range range, const std::string &text) {
    out.indent(indent) << text << " [" << range.begin << ", " << range.end << ")\n";
  }
  template <class Action> void inside(Action action) {
    indent += 2;
    action();
    indent -= 2;
  }
  void dump(const Input &it) {
    line(it.range, "input " + it.name.text + " of " + it.type.element.text + " at " + it.node.text +
                       (it.isPrivate ? " private" : ""));
    inside([&] { values(it.type.shape); });
  }
  void dump(const Output &it) {
    line(it.range, "output " + it.name.text + " at " + it.node.text);
    inside([&] {
      values(std::holds_alternative<ClassType>(it.type) ? std::get<ClassType>(it.type).classes
                                                        : std::get<TensorType>(it.type).shape);
    });
  }
  void dump(const Exit &it) {
    line(it.range, "exit of " + it.output.text + " at " + it.node.text);
    inside([&] { dump(it.head); });
  }
  void dump(const Node &it) {
    line(it.range, "node " + it.name.text);
    inside([&] {
      if (it.element)
        line(it.element->range, "as " + it.element->text);
      std::visit([&](const auto &content) { dump(content); }, it.layers);
    });
  }
  void dump(std::monostate) {}
  void dump(const Body &it) {
    for (const LayerItem &item : it.items)
      std::visit([&](const auto &layer) { dump(layer); }, item);
  }
  void dump(const Slice &it) {
    line(it.range, "slice of " + it.list.text + (it.isOpen ? " to its end" : ""));
    inside([&] {
      if (it.first)
        dump(*it.first);
      if (it.last)
        dump(*it.last);
    });
  }
  void dump(const Layer &it) {
    line(it.range, "layer " + it.kind.text + (it.label ? " called " + it.label->text : ""));
    inside([&] { arguments(it.arguments); });
  }
  void dump(const Repeat &it) {
    line(it.range, "repeat");
    inside([&] {
      dump(it.count);
      dump(it.body);
    });
  }
  void dump(const Branches &it) {
    line(it.range, it.kind.text + (it.label ? " called " + it.label->text : ""));
    inside([&] {
      for (const Body &body : it.bodies) {
        line(body.range, "branch");
        inside([&] { dump(body); });
      }
    });
  }
  void dump(const Chain &it) {
    std::string text = "chain";
    for (const Name &node : it.nodes)
      text += " " + node.text;
    line(it.range, text);
    inside([&] { options(it.options); });
  }
  void dump(const Skip &it) {
    std::string text = "skip to " + it.receiver.text + " from";
    for (const Name &node : it.senders)
      text += " " + node.text;
    line(it.range, text);
    inside([&] { options(it.options); });
  }
  void dump(const Average &it) {
    std::string text = "average at " + it.receiver.text + " of";
    for (const Name &node : it.senders)
      text += " " + node.text;
    line(it.range, text);
  }
  void dump(const Link &it) { members("link ", it); }
  void dump(const Group &it) { members("group ", it); }
  template <class T> void members(const char *what, const T &it) {
    std::string text = what + it.name.text + " of";
    for (const Name &member : it.members)
      text += " " + member.text;
    line(it.range, text);
  }
  void options(const ConnectionOptions &it) {
    std::visit([&](const auto &content) { dump(content); }, it.project);
    if (it.weight)
      dump(*it.weight);
    if (it.element)
      line(it.element->range, "as " + it.element->text);
    if (it.standby)
      line(*it.standby, "standby");
    for (const Name &name : it.standsFor)
      line(name.range, "for " + name.text);
  }
  void dump(const Reliability &it) {
    line(it.range, "reliability " + it.name.text);
    inside([&] {
      for (const Reliability::Entry &entry : it.entries) {
        line(entry.range, entry.name.text + (entry.value ? "" : " always"));
        if (entry.value)
          inside([&] { dump(*entry.value); });
      }
    });
  }
  void dump(const Train &it) {
    line(it.range, "train");
    inside([&] { arguments(it.settings); });
  }
  void dump(const Budget &it) {
    line(it.range, "budget " + it.node.text);
    inside([&] {
      for (const Budget::Entry &entry : it.entries) {
        line(entry.range, entry.name.text + " in " + entry.unit.text);
        inside([&] { dump(entry.value); });
      }
    });
  }
  void dump(const Import &it) {
    line(it.range, "import");
    inside([&] { dump(it.path); });
  }
  void dump(const Block &it) {
    line(it.range, "block " + it.name.text);
    inside([&] {
      for (const Block::Parameter &parameter : it.parameters) {
        line(parameter.range, "parameter " + parameter.name.text);
        if (parameter.otherwise)
          inside([&] { dump(*parameter.otherwise); });
      }
      dump(it.body);
    });
  }
  void dump(const List &it) {
    line(it.range, "layers " + it.name.text);
    inside([&] { dump(it.body); });
  }
  void dump(const Const &it) {
    line(it.range, "const " + it.name.text);
    inside([&] { dump(it.value); });
  }
  void arguments(const std::vector<Argument> &list) {
    for (const Argument &argument : list) {
      if (argument.name)
        line(argument.range, argument.name->text + ":");
      inside([&] { dump(argument.value); });
    }
  }
  void values(const std::vector<Expression> &list) {
    for (const Expression &value : list)
      dump(value);
  }
  void dump(const Expression &it) {
    static const char *const names[] = {"number", "name",     "size",     "string", "call",
                                        "add",    "subtract", "multiply", "divide", "negate"};
    line(it.range,
         std::string(names[static_cast<int>(it.kind)]) + (it.text.empty() ? "" : " " + it.text));
    arguments(it.operands);
  }

  llvm::raw_ostream &out;
  unsigned indent = 0;
};

} // namespace

void rnet::dump(const File &file, llvm::raw_ostream &out) { Dumper(out).dump(file); }
