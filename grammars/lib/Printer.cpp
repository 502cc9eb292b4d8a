// The formatter.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Grammars/Printer.h"

#include "llvm/ADT/StringRef.h"

using namespace rnet;
using namespace rnet::ast;
using Kind = Expression::Kind;

static constexpr size_t kColumns = 100;

namespace {

class Printer {
public:
  Printer(const File &file, llvm::StringRef text, llvm::raw_ostream &out)
      : file(file), text(text), out(out) {}

  void run() {
    const Network &network = file.network;
    commentsBefore(network.range.begin);
    line("network " + network.name.text + " {");
    indent = 2;
    previousEnd = text.find('{', network.name.range.end);
    firstInBlock = true;
    trailingComment(previousEnd);
    for (const Item &item : network.items)
      std::visit([&](const auto &it) { this->item(it); }, item);
    commentsBefore(network.range.end - 1);
    indent = 0;
    line("}");
    previousEnd = network.range.end;
    trailingComment(previousEnd);
    commentsBefore(text.size());
  }

private:
  //===-- Lines, blanks, comments -------------------------------------------------------------===//

  void line(const std::string &content) {
    flush();
    pending = std::string(indent, ' ') + content;
    hasPending = true;
  }
  void flush() {
    if (hasPending)
      out << llvm::StringRef(pending).rtrim() << '\n';
    hasPending = false;
  }
  /// One blank line where the person left some.
  void keepBlank(size_t begin) {
    if (firstInBlock) {
      firstInBlock = false;
      return;
    }
    if (previousEnd <= begin && text.slice(previousEnd, begin).count('\n') > 1) {
      flush();
      out << '\n';
    }
  }
  /// Comments that stand before a place, each on a line of its own.
  void commentsBefore(size_t place) {
    for (; next < file.comments.size() && file.comments[next].range.begin < place; ++next) {
      const Range range = file.comments[next].range;
      if (next > 0 || previousEnd > 0)
        keepBlank(range.begin);
      line(text.slice(range.begin, range.end).rtrim().str());
      previousEnd = range.end;
    }
    flush();
  }
  /// A comment on the line on which an item ends stays there.
  void trailingComment(size_t end) {
    if (next < file.comments.size() && file.comments[next].range.begin >= end &&
        !text.slice(end, file.comments[next].range.begin).contains('\n')) {
      const Range range = file.comments[next++].range;
      pending += "  " + text.slice(range.begin, range.end).rtrim().str();
      previousEnd = range.end;
    }
    flush();
  }

  /// Comments inside an item that is printed on one line go before it: nothing is lost.
  template <class T> void item(const T &it) {
    hoist(it.range);
    keepBlank(it.range.begin);
    print(it);
    previousEnd = std::max<size_t>(previousEnd, it.range.end);
    trailingComment(it.range.end);
  }
  void hoist(Range range) { commentsBefore(range.begin); }
  /// For an item without inner lines: comments in its middle come first.
  void hoistInner(Range range) {
    size_t last = next;
    while (last < file.comments.size() && file.comments[last].range.begin < range.end)
      ++last;
    for (; next < last; ++next)
      line(
          text.slice(file.comments[next].range.begin, file.comments[next].range.end).rtrim().str());
    flush();
  }

  //===-- Items -------------------------------------------------------------------------------===//

  void print(const Input &it) {
    hoistInner(it.range);
    line("input " + it.name.text + ": " + spell(it.type) + " at " + it.node.text +
         (it.isPrivate ? " private" : ""));
  }
  void print(const Output &it) {
    hoistInner(it.range);
    std::string type;
    if (auto *classes = std::get_if<ClassType>(&it.type))
      type = "class[" + join(classes->classes) + "]";
    else
      type = spell(std::get<TensorType>(it.type));
    line("output " + it.name.text + ": " + type + " at " + it.node.text);
  }
  void print(const Node &it) {
    if (it.layers.empty()) {
      hoistInner(it.range);
      line("node " + it.name.text + (it.hasBody ? " {}" : ""));
      return;
    }
    printLayers("node " + it.name.text, it.layers, it.range);
  }
  void print(const Repeat &it) { printLayers("repeat " + spell(it.count), it.body, it.range); }
  void print(const Layer &it) {
    hoistInner(it.range);
    line(spell(it));
  }

  /// On one line where it fits and holds no comment.
  void printLayers(const std::string &head, const std::vector<LayerItem> &layers, Range range) {
    const std::string flat = head + " " + flatten(layers);
    const bool commented =
        next < file.comments.size() && file.comments[next].range.begin < range.end;
    if (!commented && indent + flat.size() <= kColumns) {
      line(flat);
      return;
    }
    line(head + " {");
    const size_t open = text.find('{', range.begin);
    trailingComment(open);
    previousEnd = open;
    firstInBlock = true;
    indent += 2;
    for (const LayerItem &layer : layers)
      std::visit([&](const auto &it) { this->item(it); }, layer);
    commentsBefore(range.end - 1);
    indent -= 2;
    line("}");
  }
  std::string flatten(const std::vector<LayerItem> &layers) {
    std::string content = "{";
    for (const LayerItem &item : layers) {
      content += content.size() > 1 ? "  " : " ";
      if (auto *layer = std::get_if<Layer>(&item))
        content += spell(*layer);
      else
        content += "repeat " + spell(std::get<Repeat>(item).count) + " " +
                   flatten(std::get<Repeat>(item).body);
    }
    return content + " }";
  }

  void print(const Chain &it) {
    hoistInner(it.range);
    std::string content;
    for (const Name &node : it.nodes) {
      const std::string link = content.empty() ? node.text : " -> " + node.text;
      if (!content.empty() && indent + content.size() + link.size() > kColumns) {
        // A long chain goes on in the next line.
        flush();
        line(content);
        content = "    ->" + link.substr(3);
        continue;
      }
      content += link;
    }
    line(content + spell(it.options));
  }
  void print(const Skip &it) {
    hoistInner(it.range);
    line("skip " + join(it.senders) + " -> " + it.receiver.text + spell(it.options));
  }
  std::string spell(const ConnectionOptions &options) {
    std::string content;
    if (options.project)
      content += " project " + spell(*options.project);
    if (options.weight)
      content += " weight " + spell(*options.weight);
    if (!options.standsFor.empty())
      content += " for " + join(options.standsFor);
    return content;
  }

  void print(const Reliability &it) {
    std::vector<std::string> entries;
    for (const Reliability::Entry &entry : it.entries)
      entries.push_back(entry.node.text + ": " + (entry.value ? spell(*entry.value) : "always"));
    block("reliability " + it.name.text, entries, it.range);
  }
  void print(const Train &it) {
    std::vector<std::string> entries;
    for (const Argument &setting : it.settings)
      entries.push_back(spell(setting));
    block("train", entries, it.range);
  }
  /// `head { a: 1  b: 2 }`, or a line for each entry.
  void block(const std::string &head, const std::vector<std::string> &entries, Range range) {
    hoistInner(range);
    std::string flat = head + " {";
    for (const std::string &entry : entries)
      flat += (entry == entries.front() && flat.back() == '{' ? " " : "  ") + entry;
    flat += entries.empty() ? "}" : " }";
    if (indent + flat.size() <= kColumns) {
      line(flat);
      return;
    }
    line(head + " {");
    indent += 2;
    for (const std::string &entry : entries)
      line(entry);
    indent -= 2;
    line("}");
  }
  void print(const Const &it) {
    hoistInner(it.range);
    line("const " + it.name.text + " = " + spell(it.value));
  }

  //===-- Values ------------------------------------------------------------------------------===//

  static std::string join(const std::vector<Name> &names) {
    std::string content;
    for (const Name &name : names)
      content += (content.empty() ? "" : ", ") + name.text;
    return content;
  }
  static std::string join(const std::vector<Expression> &values) {
    std::string content;
    for (const Expression &value : values)
      content += (content.empty() ? "" : ", ") + spell(value);
    return content;
  }
  static std::string spell(const TensorType &type) {
    return type.element.text + "[" + join(type.shape) + "]";
  }
  static std::string spell(const Argument &argument) {
    return (argument.name ? argument.name->text + ": " : "") + spell(argument.value);
  }
  static std::string spell(const std::vector<Argument> &arguments) {
    std::string content;
    for (const Argument &argument : arguments)
      content += (content.empty() ? "" : ", ") + spell(argument);
    return "(" + content + ")";
  }
  static std::string spell(const Layer &layer) {
    return (layer.label ? layer.label->text + ": " : "") + layer.kind.text +
           (layer.arguments.empty() ? "" : spell(layer.arguments));
  }

  static int precedence(Kind kind) {
    return kind == Kind::add || kind == Kind::subtract      ? 1
           : kind == Kind::multiply || kind == Kind::divide ? 2
                                                            : 3;
  }
  static std::string spell(const Expression &value) {
    switch (value.kind) {
    case Kind::string:
      return "\"" + value.text + "\"";
    case Kind::call:
      return value.text + spell(value.operands);
    case Kind::negate:
      return "-" + operand(value, 0, 3);
    case Kind::add:
      return operand(value, 0, 1) + " + " + operand(value, 1, 2);
    case Kind::subtract:
      return operand(value, 0, 1) + " - " + operand(value, 1, 2);
    case Kind::multiply:
      return operand(value, 0, 2) + " * " + operand(value, 1, 3);
    case Kind::divide:
      return operand(value, 0, 2) + " / " + operand(value, 1, 3);
    default:
      return value.text;
    }
  }
  static std::string operand(const Expression &value, size_t index, int least) {
    const Expression &inner = value.operands[index].value;
    return precedence(inner.kind) < least ? "(" + spell(inner) + ")" : spell(inner);
  }

  const File &file;
  llvm::StringRef text;
  llvm::raw_ostream &out;
  std::string pending;
  bool hasPending = false, firstInBlock = true;
  size_t indent = 0, next = 0, previousEnd = 0;
};

} // namespace

void rnet::print(const File &file, llvm::StringRef text, llvm::raw_ostream &out) {
  Printer(file, text, out).run();
}
