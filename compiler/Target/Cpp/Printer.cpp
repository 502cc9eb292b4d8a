// Prints EmitC as C++ that people read.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Target/Cpp/Printer.h"

#include "rnet/Conversion/Passes.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;
using namespace rnet;

static constexpr size_t kColumns = 100;

/// Words that cannot name a local.
static bool isKeyword(StringRef word) {
  static constexpr StringRef keywords[] = {
      "alignas",  "alignof",  "and",     "asm",       "auto",      "bool",     "break",
      "case",     "catch",    "char",    "class",     "const",     "continue", "default",
      "delete",   "do",       "double",  "else",      "enum",      "explicit", "export",
      "extern",   "false",    "float",   "for",       "friend",    "goto",     "if",
      "inline",   "int",      "long",    "mutable",   "namespace", "new",      "not",
      "operator", "or",       "private", "protected", "public",    "register", "requires",
      "return",   "short",    "signed",  "sizeof",    "static",    "struct",   "switch",
      "template", "this",     "throw",   "true",      "try",       "typedef",  "typename",
      "union",    "unsigned", "using",   "virtual",   "void",      "volatile", "while",
      "xor",      "inputs",   "outputs", "arena",     "step",      "rnet",     "std"};
  return llvm::is_contained(keywords, word);
}

static StringRef nameIn(Location where) {
  auto name = dyn_cast<NameLoc>(where);
  return name ? name.getName().getValue() : StringRef();
}

namespace {

class Printer {
public:
  explicit Printer(raw_ostream &out) : out(out) {}

  LogicalResult printFile(emitc::FileOp file) {
    for (Operation &op : file.getBodyRegion().front())
      if (failed(printOp(&op)))
        return failure();
    return success();
  }

private:
  //===-- Lines -------------------------------------------------------------------------------===//

  /// One statement with a comment behind it, broken between arguments where it is too long.
  void line(std::string text, StringRef comment = "") {
    if (text.empty()) {
      out << '\n';
      return;
    }
    const std::string margin(indent, ' ');
    std::string behind = comment.empty() ? "" : " // " + comment.str();
    if (indent + text.size() + behind.size() <= kColumns || text.find('(') == std::string::npos ||
        StringRef(text).starts_with("//")) {
      out << margin << text << behind << '\n';
      return;
    }
    const size_t open = text.find('(') + 1;
    std::string current = margin + text.substr(0, open);
    const std::string aligned(indent + open, ' ');
    bool first = true;
    for (const std::string &argument : splitArguments(StringRef(text).drop_front(open))) {
      if (!first && current.size() + 1 + argument.size() > kColumns) {
        out << current << '\n';
        current = aligned;
        first = true;
      }
      current += (first ? "" : " ") + argument;
      first = false;
    }
    out << current << behind << '\n';
  }

  /// Splits behind the commas that stand in the outermost parentheses.
  static std::vector<std::string> splitArguments(StringRef text) {
    std::vector<std::string> parts(1);
    int depth = 0;
    for (char c : text) {
      depth += c == '(' || c == '{' || c == '<' || c == '[';
      depth -= c == ')' || c == '}' || c == '>' || c == ']';
      if (c == ' ' && parts.back().empty())
        continue;
      parts.back() += c;
      if (c == ',' && depth == 0)
        parts.emplace_back();
    }
    return parts;
  }

  //===-- Names and expressions ---------------------------------------------------------------===//

  std::string uniqueName(StringRef wanted) {
    std::string name;
    for (char c : wanted)
      name += llvm::isAlnum(c) ? c : '_';
    if (name.empty() || llvm::isDigit(name.front()))
      name.insert(0, "v");
    if (isKeyword(name))
      name += '_';
    std::string candidate = name;
    for (unsigned suffix = 2; !used.insert(candidate).second; ++suffix)
      candidate = name + "_" + std::to_string(suffix);
    return candidate;
  }

  /// How a value is written where it is used.
  std::string spell(Value value) {
    if (auto found = names.find(value); found != names.end())
      return found->second;
    Operation *op = value.getDefiningOp();
    if (auto literal = dyn_cast_or_null<emitc::LiteralOp>(op))
      return literal.getValue().str();
    if (auto call = dyn_cast_or_null<emitc::CallOpaqueOp>(op))
      return spellCall(call);
    return "<unknown>";
  }

  static std::string spellAttribute(Attribute attribute) {
    if (auto opaque = dyn_cast<emitc::OpaqueAttr>(attribute))
      return opaque.getValue().str();
    std::string text;
    llvm::raw_string_ostream(text) << attribute;
    return text;
  }

  std::string spellCall(emitc::CallOpaqueOp call) {
    std::string text = call.getCallee().str();
    if (std::optional<ArrayAttr> arguments = call.getTemplateArgs())
      text += "<" + llvm::join(llvm::map_range(*arguments, spellAttribute), ", ") + ">";
    SmallVector<std::string> arguments;
    if (std::optional<ArrayAttr> order = call.getArgs()) {
      for (Attribute attribute : *order) {
        auto index = dyn_cast<IntegerAttr>(attribute);
        arguments.push_back(index && index.getType().isIndex()
                                ? spell(call.getOperand(index.getInt()))
                                : spellAttribute(attribute));
      }
    } else {
      for (Value operand : call.getOperands())
        arguments.push_back(spell(operand));
    }
    return text + "(" + llvm::join(arguments, ", ") + ")";
  }

  static std::string spellType(Type type) { return cast<emitc::OpaqueType>(type).getValue().str(); }

  static StringRef stringAttr(Operation *op, StringRef name) {
    auto attribute = op->getAttrOfType<StringAttr>(name);
    return attribute ? attribute.getValue() : StringRef();
  }

  //===-- Ops ---------------------------------------------------------------------------------===//

  LogicalResult printOp(Operation *op) {
    if (auto include = dyn_cast<emitc::IncludeOp>(op))
      line(include.getIsStandardInclude() ? ("#include <" + include.getInclude() + ">").str()
                                          : ("#include \"" + include.getInclude() + "\"").str());
    else if (auto verbatim = dyn_cast<emitc::VerbatimOp>(op))
      return printVerbatim(verbatim);
    else if (auto classOp = dyn_cast<emitc::ClassOp>(op))
      return printClass(classOp);
    else if (auto func = dyn_cast<emitc::FuncOp>(op))
      return printFunction(func);
    else if (auto literal = dyn_cast<emitc::LiteralOp>(op))
      printLocal(op, literal.getResult(), literal.getValue().str());
    else if (auto call = dyn_cast<emitc::CallOpaqueOp>(op)) {
      if (call.getNumResults() == 0)
        line(spellCall(call) + ";", stringAttr(op, kCommentAttr));
      else
        printLocal(op, call.getResult(0), spellCall(call));
    } else if (auto returns = dyn_cast<emitc::ReturnOp>(op)) {
      if (returns->getNumOperands())
        line("return " + spell(returns->getOperand(0)) + ";");
    } else {
      return op->emitError("'") << op->getName() << "' cannot be printed as C++";
    }
    return success();
  }

  /// A value with a name is a local; one without is inlined where it is used.
  void printLocal(Operation *op, Value value, const std::string &text) {
    StringRef name = nameIn(op->getLoc());
    if (name.empty() || value.use_empty())
      return;
    line("const auto " + (names[value] = uniqueName(name)) + " = " + text + ";",
         stringAttr(op, kCommentAttr));
  }

  LogicalResult printVerbatim(emitc::VerbatimOp verbatim) {
    if (verbatim.getFmtArgs().empty()) {
      line(verbatim.getValue().str());
      return success();
    }
    std::string text;
    size_t argument = 0;
    StringRef format = verbatim.getValue();
    while (!format.empty()) {
      if (format.consume_front("{{"))
        text += '{';
      else if (format.consume_front("{}"))
        text += spell(verbatim.getFmtArgs()[argument++]);
      else {
        text += format.front();
        format = format.drop_front();
      }
    }
    line(text);
    return success();
  }

  LogicalResult printClass(emitc::ClassOp classOp) {
    StringRef base = stringAttr(classOp, kBaseAttr);
    line(("class " + classOp.getSymName() + (classOp.getFinalSpecifier() ? " final" : "") +
          (base.empty() ? "" : " : public ") + base + " {")
             .str());
    line("public:");
    indent += 2;
    SmallVector<emitc::FieldOp> fields;
    bool first = true;
    for (Operation &op : classOp.getBody().front()) {
      if (auto field = dyn_cast<emitc::FieldOp>(op)) {
        fields.push_back(field);
        continue;
      }
      if (isa<emitc::FuncOp>(op) && !first)
        line("");
      first = isa<emitc::VerbatimOp>(op) && cast<emitc::VerbatimOp>(op).getValue().empty();
      if (!(first && isa<emitc::VerbatimOp>(op)) && failed(printOp(&op)))
        return failure();
      if (isa<emitc::VerbatimOp>(op))
        first = false;
    }
    indent -= 2;
    if (!fields.empty()) {
      line("");
      line("private:");
      indent += 2;
      for (emitc::FieldOp field : fields)
        line(spellType(field.getType()) + " " + field.getSymName().str() +
                 stringAttr(field, "rnet.initializer").str() + ";",
             stringAttr(field, kCommentAttr));
      indent -= 2;
    }
    line("};");
    return success();
  }

  LogicalResult printFunction(emitc::FuncOp func) {
    names.clear();
    used.clear();
    SmallVector<std::string> parameters;
    for (BlockArgument argument : func.getArguments()) {
      const std::string type = spellType(argument.getType());
      const StringRef name = nameIn(argument.getLoc());
      used.insert(name);
      names[argument] = name.str();
      parameters.push_back(type + (StringRef(type).ends_with("&") ? "" : " ") + name.str());
    }
    auto results = func.getFunctionType().getResults();
    StringRef suffix = stringAttr(func, kSuffixAttr);
    line((results.empty() ? "void" : spellType(results[0])) + " " + func.getSymName().str() + "(" +
         llvm::join(parameters, ", ") + ")" + (suffix.empty() ? "" : " " + suffix.str()) + " {");
    indent += 2;
    for (Operation &op : func.getBody().front())
      if (failed(printOp(&op)))
        return failure();
    indent -= 2;
    line("}");
    return success();
  }

  raw_ostream &out;
  size_t indent = 0;
  llvm::DenseMap<Value, std::string> names;
  llvm::StringSet<> used;
};

} // namespace

LogicalResult rnet::target::printCpp(emitc::FileOp file, raw_ostream &out) {
  return Printer(out).printFile(file);
}
