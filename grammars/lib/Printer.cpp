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
    for (const FileItem &it : file.items)
      std::visit([&](const auto &inner) { item(inner); }, it);
    if (file.network)
      item(*file.network);
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

  /// The bracket behind a word; comments may stand between them.
  size_t findOpen(size_t end) const {
    for (size_t k = next;
         k < file.comments.size() && !text.slice(end, file.comments[k].range.begin).contains('{');
         ++k)
      if (file.comments[k].range.begin >= end)
        end = file.comments[k].range.end;
    return text.find('{', end);
  }
  bool hasComment(Range range) const {
    return next < file.comments.size() && file.comments[next].range.begin < range.end;
  }

  template <class T> void item(const T &it) {
    place(it.range, [&] { print(it); });
  }
  /// What `action` prints, with the comments and blanks around it.
  template <class Action> void place(Range range, Action action) {
    commentsBefore(range.begin);
    keepBlank(range.begin);
    action();
    previousEnd = std::max<size_t>(previousEnd, range.end);
    trailingComment(range.end);
  }
  /// For an item without inner lines: comments in its middle come first, so that nothing is lost.
  void hoistInner(Range range) {
    for (; hasComment(range); ++next)
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
  void print(const Exit &it) {
    bodies({{"exit " + it.output.text + " at " + it.node.text, &it.head}});
  }
  void print(const Network &it) {
    const size_t open = findOpen(it.name.range.end);
    hoistInner({0, static_cast<uint32_t>(open)});
    line("network " + it.name.text + " {");
    inside(open, it.range.end - 1, [&] {
      for (const Item &inner : it.items)
        std::visit([&](const auto &found) { item(found); }, inner);
    });
    line("}");
  }
  void print(const Node &it) {
    const std::string head = "node " + it.name.text + (it.element ? " as " + it.element->text : "");
    if (auto *body = std::get_if<Body>(&it.layers))
      return bodies({{head, body}});
    hoistInner(it.range);
    auto *slice = std::get_if<Slice>(&it.layers);
    line(head + (slice ? " = " + spell(*slice) : ""));
  }
  void print(const Block &it) {
    std::string parameters;
    for (const Block::Parameter &parameter : it.parameters)
      parameters += (parameters.empty() ? "" : ", ") + parameter.name.text +
                    (parameter.otherwise ? " = " + spell(*parameter.otherwise) : "");
    bodies(
        {{"block " + it.name.text + (parameters.empty() ? "" : "(" + parameters + ")"), &it.body}});
  }
  void print(const List &it) { bodies({{"layers " + it.name.text, &it.body}}); }
  void print(const Import &it) {
    hoistInner(it.range);
    line("import " + spell(it.path));
  }

  //===-- Layers ------------------------------------------------------------------------------===//

  using Bodies = std::vector<std::pair<std::string, const Body *>>; ///< each with what precedes it

  static Bodies bodiesOf(const Repeat &it) { return {{"repeat " + spell(it.count), &it.body}}; }
  static Bodies bodiesOf(const Branches &it) {
    Bodies result;
    for (const Body &body : it.bodies)
      result.emplace_back(it.kind.text == "residual" ? "shortcut" : "", &body);
    result.front().first = (it.label ? it.label->text + ": " : "") + it.kind.text;
    return result;
  }
  void print(const Repeat &it) { bodies(bodiesOf(it)); }
  void print(const Branches &it) { bodies(bodiesOf(it)); }
  void print(const Layer &it) {
    hoistInner(it.range);
    line(spell(it));
  }

  /// On one line where they fit and hold no comment.
  void bodies(const Bodies &list) {
    hoistInner({0, list.front().second->range.begin});
    const std::string flat = flatten(list);
    if (!hasComment(list.back().second->range) && indent + flat.size() <= kColumns) {
      line(flat);
      return;
    }
    std::string before;
    for (const auto &[head, body] : list) {
      line(before + head + (head.empty() ? "{" : " {"));
      inside(body->range.begin, body->range.end - 1, [&, body = body] { layers(*body); });
      before = "} ";
    }
    line("}");
  }
  /// What stands between the brackets at two places, on lines of its own.
  template <class Action> void inside(size_t open, size_t close, Action action) {
    trailingComment(open);
    previousEnd = open;
    firstInBlock = true;
    indent += 2;
    action();
    commentsBefore(close);
    indent -= 2;
  }
  void layers(const Body &body) {
    rows(
        body.items.size(), [&](size_t k) { return rangeOf(body.items[k]); },
        [&](size_t k) { return flatten(body.items[k]); },
        [&](size_t k) { return separator(body.items[k - 1], body.items[k]); },
        [&](size_t k) { std::visit([&](const auto &it) { item(it); }, body.items[k]); });
  }
  /// Things that stand on one line stay on one line, while they fit and hold no comment.
  /// `separate`: what stands before one, `alone`: prints one with its comments.
  template <class RangeOf, class Flatten, class Separate, class Alone>
  void rows(size_t size, RangeOf rangeOf, Flatten flatten, Separate separate, Alone alone) {
    for (size_t begin = 0, end; begin < size; begin = end) {
      Range range = rangeOf(begin);
      std::string flat = flatten(begin);
      commentsBefore(range.begin);
      for (end = begin + 1; end < size; ++end) {
        const Range following = rangeOf(end);
        const std::string longer = flat + separate(end) + flatten(end);
        if (text.slice(range.end, following.begin).contains('\n') || hasComment(following) ||
            indent + longer.size() > kColumns)
          break;
        flat = longer;
        range.end = following.end;
      }
      if (end == begin + 1)
        alone(begin);
      else
        place(range, [&] { line(flat); });
    }
  }
  static Range rangeOf(const LayerItem &item) {
    return std::visit([](const auto &it) { return it.range; }, item);
  }
  /// Words that stand alone stand close: `batch_norm relu`.
  static const char *separator(const LayerItem &left, const LayerItem &right) {
    auto isWord = [](const LayerItem &item) {
      auto *layer = std::get_if<Layer>(&item);
      return layer && !layer->label && layer->arguments.empty();
    };
    return isWord(left) && isWord(right) ? " " : "  ";
  }
  static std::string flatten(const LayerItem &item) {
    if (auto *layer = std::get_if<Layer>(&item))
      return spell(*layer);
    auto *repeat = std::get_if<Repeat>(&item);
    return flatten(repeat ? bodiesOf(*repeat) : bodiesOf(std::get<Branches>(item)));
  }
  static std::string flatten(const Bodies &list) {
    std::string content;
    for (const auto &[head, body] : list)
      content += (content.empty() ? "" : " ") + head + (head.empty() ? "" : " ") + flatten(*body);
    return content;
  }
  static std::string flatten(const Body &body) {
    std::string content = "{";
    for (size_t k = 0; k < body.items.size(); ++k)
      content +=
          (k == 0 ? " " : separator(body.items[k - 1], body.items[k])) + flatten(body.items[k]);
    return content + (body.items.empty() ? "}" : " }");
  }

  //===-- Hyperconnections and settings -------------------------------------------------------===//

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
  void print(const Average &it) {
    hoistInner(it.range);
    line("average " + join(it.senders) + " -> " + it.receiver.text);
  }
  void print(const Link &it) { members("link ", it); }
  void print(const Group &it) { members("group ", it); }
  template <class T> void members(const char *what, const T &it) {
    hoistInner(it.range);
    line(what + it.name.text + ": " + join(it.members));
  }
  static std::string spell(const ConnectionOptions &options) {
    std::string content;
    if (auto *layer = std::get_if<Layer>(&options.project))
      content += " project " + spell(*layer);
    else if (auto *body = std::get_if<Body>(&options.project))
      content += " project " + flatten(*body);
    if (options.weight)
      content += " weight " + spell(*options.weight);
    if (options.element)
      content += " as " + options.element->text;
    if (options.standby)
      content += " standby";
    if (!options.standsFor.empty())
      content += " for " + join(options.standsFor);
    return content;
  }

  using Entries = std::vector<std::pair<Range, std::string>>;

  void print(const Reliability &it) {
    Entries entries;
    for (const Reliability::Entry &entry : it.entries)
      entries.emplace_back(entry.range,
                           entry.name.text + ": " + (entry.value ? spell(*entry.value) : "always"));
    block("reliability " + it.name.text, it.name.range, entries, it.range);
  }
  void print(const Budget &it) {
    Entries entries;
    for (const Budget::Entry &entry : it.entries)
      entries.emplace_back(entry.range,
                           entry.name.text + ": " + spell(entry.value) + " " + entry.unit.text);
    block("budget " + it.node.text, it.node.range, entries, it.range);
  }
  void print(const Train &it) {
    Entries entries;
    for (const Argument &setting : it.settings)
      entries.emplace_back(setting.range, spell(setting));
    block("train", it.keyword, entries, it.range);
  }
  /// `head { a: 1  b: 2 }`, or a line for each entry. `name`: the last word before the bracket.
  void block(const std::string &head, Range name, const Entries &entries, Range range) {
    const size_t open = findOpen(name.end);
    hoistInner({0, static_cast<uint32_t>(open)});
    std::string flat = head + " {";
    for (const auto &[where, entry] : entries)
      flat += (flat.back() == '{' ? " " : "  ") + entry;
    flat += entries.empty() ? "}" : " }";
    if (!hasComment(range) && indent + flat.size() <= kColumns) {
      line(flat);
      return;
    }
    line(head + " {");
    inside(open, range.end - 1, [&] {
      rows(
          entries.size(), [&](size_t k) { return entries[k].first; },
          [&](size_t k) { return entries[k].second; }, [](size_t) { return "  "; },
          [&](size_t k) {
            place(entries[k].first, [&] {
              hoistInner(entries[k].first);
              line(entries[k].second);
            });
          });
    });
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
  static std::string spell(const Slice &slice) {
    if (!slice.first)
      return slice.list.text;
    return slice.list.text + "[" + spell(*slice.first) + (slice.last || slice.isOpen ? ".." : "") +
           (slice.last ? spell(*slice.last) : "") + "]";
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
