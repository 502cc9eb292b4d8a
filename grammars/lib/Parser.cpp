// The grammar, in Boost.Spirit X3. The only file with exceptions; none leaves it. See
// grammars/rnet.ebnf. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Grammars/Parser.h"
#include "Mend.h"
#include "Tokens.h"

#include <boost/spirit/home/x3.hpp>

// What an expectation says it missed: of a parser with an action, or of a list, what it is made of.
namespace boost::spirit::x3 {
template <class Subject, class Action> struct get_info<action<Subject, Action>> {
  using result_type = std::string;
  std::string operator()(const action<Subject, Action> &parser) const {
    return what(parser.subject);
  }
};
template <class Left, class Right> struct get_info<list<Left, Right>> {
  using result_type = std::string;
  std::string operator()(const list<Left, Right> &parser) const { return what(parser.left); }
};
} // namespace boost::spirit::x3

using namespace rnet;
using namespace rnet::ast;
namespace x3 = boost::spirit::x3;

namespace {

/// The file, the start of its text, its tokens, and how deep expressions and layers are nested.
struct State {
  uint32_t file;
  const char *begin;
  std::vector<Range> tokens;
  unsigned depth = 0;
};
struct StateTag;
/// Deeper than any person writes; keeps hostile text from exhausting the stack.
constexpr unsigned kMaxDepth = 100;

//===-- Tokens --------------------------------------------------------------------------------===//

const auto wordStart = x3::char_("a-zA-Z_");
const auto wordRest = x3::char_("a-zA-Z0-9_");
auto keyword(const char *text) { return x3::lexeme[x3::lit(text) >> !wordRest]; }

const auto reserved =
    x3::lexeme[(x3::lit("network") | "input" | "output" | "exit" | "node" | "skip" | "reliability" |
                "train" | "budget" | "link" | "group" | "import" | "const" | "block" | "layers" |
                "repeat" | "residual" | "shortcut" | "concat" | "project" | "weight" | "for" |
                "at" | "private" | "always" | "average" | "as" | "standby") >>
               !wordRest];

// Trees are built by actions, since X3 1.81 knows neither std::optional nor std::variant.
const x3::rule<struct NameClass, Name> name = "a name";
const x3::rule<struct ExpressionClass, Expression> expression = "a value";
const x3::rule<struct TermClass, Expression> term = "a value";
const x3::rule<struct FactorClass, Expression> factor = "a value";
const x3::rule<struct PrimaryClass, Expression> primary = "a value";
const x3::rule<struct ArgumentClass, Argument> argument = "an argument";
const x3::rule<struct ArgumentsClass, std::vector<Argument>> arguments = "arguments";
const x3::rule<struct StringClass, Expression> path = "a path such as \"blocks.rnet\"";
const x3::rule<struct CallClass, Layer> call = "a layer";
const x3::rule<struct LayerClass, Layer> layer = "a layer";
const x3::rule<struct RepeatClass, Repeat> repeat = "'repeat'";
const x3::rule<struct BranchesClass, Branches> branches = "'residual' or 'concat'";
const x3::rule<struct BodyClass, Body> body = "'{'";
const x3::rule<struct SliceClass, Slice> slice = "the name of a list";
const x3::rule<struct TensorTypeClass, TensorType> tensorType = "a type such as f32[23]";
const x3::rule<struct ClassTypeClass, ClassType> classType = "class[...]";
const x3::rule<struct OutputTypeClass, std::variant<ClassType, TensorType>> outputType =
    "class[...] or a type such as f32[23]";
const x3::rule<struct InputClass, Input> input = "'input'";
const x3::rule<struct OutputClass, Output> output = "'output'";
const x3::rule<struct ExitClass, Exit> exit = "'exit'";
const x3::rule<struct NodeClass, Node> node = "'node'";
const x3::rule<struct OptionsClass, ConnectionOptions> options =
    "'project', 'weight', 'as' or 'for'";
const x3::rule<struct ElementClass, Name> element = "an element type: f32, bf16 or int8";
const x3::rule<struct ChainClass, Chain> chain = "a hyperconnection";
const x3::rule<struct SkipClass, Skip> skip = "'skip'";
const x3::rule<struct AverageClass, Average> average = "'average'";
const x3::rule<struct LinkClass, Link> link = "'link'";
const x3::rule<struct GroupClass, Group> group = "'group'";
const x3::rule<struct EntryClass, Reliability::Entry> reliabilityEntry =
    "a name and its reliability";
const x3::rule<struct ProbabilityClass, Expression> probability = "a probability or 'always'";
const x3::rule<struct ReliabilityClass, Reliability> reliability = "'reliability'";
const x3::rule<struct SettingClass, Argument> setting = "a training setting";
const x3::rule<struct TrainClass, Train> train = "'train'";
const x3::rule<struct UnitClass, Name> unit = "a unit such as kB";
const x3::rule<struct LimitClass, Budget::Entry> limit = "a limit";
const x3::rule<struct BudgetClass, Budget> budget = "'budget'";
const x3::rule<struct ImportClass, Import> import = "'import'";
const x3::rule<struct ConstantClass, Const> constant = "'const'";
const x3::rule<struct ParameterClass, Block::Parameter> parameter = "a parameter";
const x3::rule<struct BlockClass, Block> block = "'block'";
const x3::rule<struct ListClass, List> list = "'layers'";
const x3::rule<struct NetworkClass, Network> network = "'network'";
const x3::rule<struct FileClass, File> file = "a file";

// What may come next, for the message where nothing of it does.
const x3::rule<struct EndOfNetwork> endOfNetwork = "an item of the network or '}'";
const x3::rule<struct EndOfLayers> endOfLayers = "a layer or '}'";
const x3::rule<struct EndOfEntries> endOfEntries = "a name or '}'";
const x3::rule<struct EndOfParameters> endOfParameters = "a parameter or ')'";
const x3::rule<struct EndOfSlice> endOfSlice = "'..' or ']'";
const x3::rule<struct EndOfFile> endOfFile = "the end of the file";
const x3::rule<struct EndOfItems> endOfItems = "'import', 'const', 'block', 'layers' or 'network'";
const x3::rule<struct Arrow> arrow = "'->'";
const auto endOfNetwork_def = x3::lit('}');
const auto endOfLayers_def = x3::lit('}');
const auto endOfEntries_def = x3::lit('}');
const auto endOfParameters_def = x3::lit(')');
const auto endOfSlice_def = x3::lit(']');
const auto endOfFile_def = x3::eoi;
const auto endOfItems_def = x3::eoi;
const auto arrow_def = x3::lit("->");
BOOST_SPIRIT_DEFINE(endOfNetwork, endOfLayers, endOfEntries, endOfParameters, endOfSlice, endOfFile,
                    endOfItems, arrow)

//===-- Actions -------------------------------------------------------------------------------===//

/// Where the parser stands.
template <class Context> uint32_t position(const Context &context) {
  return static_cast<uint32_t>(x3::_where(context).begin() -
                               x3::get<StateTag>(context).get().begin);
}
const auto setBegin = [](auto &context) {
  x3::_val(context).range.begin = position(context);
  x3::_val(context).range.file = x3::get<StateTag>(context).get().file;
};
/// The range of a text that was matched.
template <class Context, class Text> Range rangeOf(const Context &context, const Text &text) {
  const State &state = x3::get<StateTag>(context).get();
  return {static_cast<uint32_t>(text.begin() - state.begin),
          static_cast<uint32_t>(text.end() - state.begin), state.file};
}
/// X3 skips blanks and comments even where what follows does not match: a tree ends with the last
/// token before the parser's place.
const auto setEnd = [](auto &context) {
  const std::vector<Range> &tokens = x3::get<StateTag>(context).get().tokens;
  auto behind = llvm::partition_point(
      tokens, [place = position(context)](Range token) { return token.begin < place; });
  x3::_val(context).range.end = behind == tokens.begin() ? 0 : std::prev(behind)->end;
};
/// At the first and behind the last token of a rule: they set the range of its tree.
const auto begins = x3::eps[setBegin];
const auto ends = x3::no_skip[x3::eps][setEnd];

const auto assign = [](auto &context) { x3::_val(context) = std::move(x3::_attr(context)); };
const auto append = [](auto &context) {
  x3::_val(context).push_back(std::move(x3::_attr(context)));
};
auto set = [](auto member) {
  return [member](auto &context) { x3::_val(context).*member = std::move(x3::_attr(context)); };
};
auto push = [](auto member) {
  return [member](auto &context) {
    (x3::_val(context).*member).push_back(std::move(x3::_attr(context)));
  };
};

Argument operand(Expression value) {
  Argument argument;
  argument.range = value.range;
  argument.value = std::move(value);
  return argument;
}
auto combine(Expression::Kind kind) {
  return [kind](auto &context) {
    Expression left = std::move(x3::_val(context)), right = std::move(x3::_attr(context));
    Expression &whole = x3::_val(context) = Expression();
    whole.kind = kind;
    whole.range = {left.range.begin, right.range.end, left.range.file};
    whole.operands.push_back(operand(std::move(left)));
    whole.operands.push_back(operand(std::move(right)));
  };
}
auto leaf(Expression::Kind kind) {
  return [kind](auto &context) {
    Expression &value = x3::_val(context);
    value.kind = kind;
    auto text = x3::_attr(context);
    value.text.assign(text.begin(), text.end());
    value.range = rangeOf(context, text);
    if (kind == Expression::Kind::number)
      value.number = std::strtod(value.text.c_str(), nullptr);
    if (kind == Expression::Kind::string)
      value.text = value.text.substr(1, value.text.size() - 2);
  };
}

/// Counts nesting; fails beyond any sensible depth.
const auto enter = x3::eps[([](auto &context) {
  x3::_pass(context) = ++x3::get<StateTag>(context).get().depth <= kMaxDepth;
})];
const auto leave = x3::eps[([](auto &context) { --x3::get<StateTag>(context).get().depth; })];

//===-- Values and layers ---------------------------------------------------------------------===//

const auto name_def = begins >>
                      x3::lexeme[!reserved >> x3::raw[wordStart >> *wordRest][([](auto &context) {
                        auto text = x3::_attr(context);
                        x3::_val(context).text.assign(text.begin(), text.end());
                      })]] >>
                      ends;

const auto number =
    x3::raw[x3::lexeme[+x3::digit >> -('.' >> +x3::digit) >>
                       -(x3::char_("eE") >> -x3::char_("+-") >> +x3::digit) >> !wordRest]];
const auto size = x3::raw[x3::lexeme[+x3::digit >> +('x' >> +x3::digit) >> !wordRest]];
const auto string = x3::raw[x3::lexeme['"' >> *(x3::char_ - '"' - '\n') > '"']];

const auto primary_def =
    size[leaf(Expression::Kind::size)] | number[leaf(Expression::Kind::number)] |
    string[leaf(Expression::Kind::string)] | ('(' >> enter > expression[assign] > ')' > leave) |
    (name[([](auto &context) {
       Expression &value = x3::_val(context);
       value.kind = Expression::Kind::name;
       value.text = x3::_attr(context).text;
       value.range = x3::_attr(context).range;
     })] >>
     -(x3::lit('(') >> enter > arguments[([](auto &context) {
         x3::_val(context).kind = Expression::Kind::call;
         x3::_val(context).operands = std::move(x3::_attr(context));
       })] > ')' > ends > leave));
const auto factor_def =
    primary[assign] | ('-' >> enter > factor[([](auto &context) {
                         Expression value = std::move(x3::_attr(context));
                         Expression &whole = x3::_val(context);
                         whole.kind = Expression::Kind::negate;
                         whole.range = {value.range.begin - 1, value.range.end, value.range.file};
                         whole.operands.push_back(operand(std::move(value)));
                       })] > leave);
const auto term_def = factor[assign] >> *(('*' > factor[combine(Expression::Kind::multiply)]) |
                                          ('/' > factor[combine(Expression::Kind::divide)]));
const auto expression_def = term[assign] >>
                            *(('+' > term[combine(Expression::Kind::add)]) |
                              (!x3::lit("->") >> '-' > term[combine(Expression::Kind::subtract)]));
BOOST_SPIRIT_DEFINE(name, primary, factor, term, expression)

const auto argument_def =
    begins >>
    (((name >> ':')[([](auto &context) { x3::_val(context).name = x3::_attr(context); })] >
      expression[set(&Argument::value)]) |
     expression[set(&Argument::value)]) >>
    ends;
const auto arguments_def = -(argument[append] >> *(',' >> argument[append]) >> -x3::lit(','));
const auto path_def = string[leaf(Expression::Kind::string)];
const auto called = name[set(&Layer::kind)] >> -('(' > arguments[set(&Layer::arguments)] > ')');
const auto call_def = begins >> called >> ends;
const auto layer_def = begins >> -(name >> ':')[set(&Layer::label)] >> called >> ends;
const auto repeat_def =
    begins >> keyword("repeat") > expression[set(&Repeat::count)] > body[set(&Repeat::body)] > ends;
auto kindOfBranches(const char *text) {
  return x3::raw[keyword(text)][([](auto &context) {
    auto text = x3::_attr(context);
    Name &kind = x3::_val(context).kind;
    kind.text.assign(text.begin(), text.end());
    kind.range = rangeOf(context, text);
  })];
}
const auto branch = body[push(&Branches::bodies)];
const auto branches_def = begins >> -(name >> ':')[set(&Branches::label)] >>
                          ((kindOfBranches("residual") > branch > -(keyword("shortcut") > branch)) |
                           (kindOfBranches("concat") > branch > branch > *branch)) >>
                          ends;
const auto bodyItem = push(&Body::items);
const auto body_def = begins >> '{' >> enter >
                      *(repeat[bodyItem] | branches[bodyItem] | layer[bodyItem]) > endOfLayers
                      > leave > ends;
BOOST_SPIRIT_DEFINE(path, argument, arguments, call, layer, repeat, branches, body)

//===-- Items ---------------------------------------------------------------------------------===//

const auto tensorType_def = begins >> name[set(&TensorType::element)] > '[' >
                            (expression[push(&TensorType::shape)] % ',') > ']' > ends;
const auto classType_def = begins >> keyword("class") > '[' >
                           (expression[push(&ClassType::classes)] % ',') > ']' > ends;
const auto outputType_def = classType[assign] | tensorType[assign];
const auto input_def =
    begins >> keyword("input") > name[set(&Input::name)] > ':' > tensorType[set(&Input::type)] >
    keyword("at") > name[set(&Input::node)] >
    -keyword("private")[([](auto &context) { x3::_val(context).isPrivate = true; })] > ends;
const auto output_def = begins >> keyword("output") > name[set(&Output::name)] >
                        ':' > outputType[set(&Output::type)] >
                        keyword("at") > name[set(&Output::node)] > ends;
const auto exit_def = begins >> keyword("exit") > name[set(&Exit::output)] >
                      keyword("at") > name[set(&Exit::node)] > body[set(&Exit::head)] > ends;
const auto slice_def = begins >> name[set(&Slice::list)] >>
                       -('[' > expression[set(&Slice::first)] >
                         -(x3::lit("..")[([](auto &context) { x3::_val(context).isOpen = true; })] >
                           -expression[([](auto &context) {
                             x3::_val(context).isOpen = false;
                             x3::_val(context).last = std::move(x3::_attr(context));
                           })]) > endOfSlice) >>
                       ends;
const auto element_def = name[assign];
const auto node_def = begins >> keyword("node") > name[set(&Node::name)] >
                      -(keyword("as") > element[set(&Node::element)]) >
                      -(body[set(&Node::layers)] | ('=' > slice[set(&Node::layers)])) > ends;

const x3::rule<struct ProjectionClass, std::variant<std::monostate, Layer, Body>> projection =
    "a layer or '{'";
const auto projection_def = body[assign] | call[assign];
const auto options_def = *((keyword("project") > projection[set(&ConnectionOptions::project)]) |
                           (keyword("weight") > expression[set(&ConnectionOptions::weight)]) |
                           (keyword("as") > element[set(&ConnectionOptions::element)]) |
                           x3::raw[keyword("standby")][([](auto &context) {
                             x3::_val(context).standby = rangeOf(context, x3::_attr(context));
                           })] |
                           (keyword("for") > (name[push(&ConnectionOptions::standsFor)] % ',')));
const auto chain_def = begins >> name[push(&Chain::nodes)] > arrow > name[push(&Chain::nodes)] >
                       *("->" > name[push(&Chain::nodes)]) > options[set(&Chain::options)] > ends;
const auto skip_def = begins >> keyword("skip") > (name[push(&Skip::senders)] % ',') >
                      "->" > name[set(&Skip::receiver)] > options[set(&Skip::options)] > ends;
const auto average_def = begins >> keyword("average") > (name[push(&Average::senders)] % ',') >
                         "->" > name[set(&Average::receiver)] > ends;
const auto link_def = begins >> keyword("link") > name[set(&Link::name)] > ':' >
                      (name[push(&Link::members)] % ',') > ends;
const auto group_def = begins >> keyword("group") > name[set(&Group::name)] > ':' >
                       (name[push(&Group::members)] % ',') > ends;
const auto probability_def = expression[assign];
const auto reliabilityEntry_def =
    begins >> name[set(&Reliability::Entry::name)] > ':' >
    (keyword("always") | probability[set(&Reliability::Entry::value)]) > ends;
const auto reliability_def = begins >> keyword("reliability") > name[set(&Reliability::name)] >
                             '{' > *(reliabilityEntry[push(&Reliability::entries)] >
                                     -x3::lit(',')) > endOfEntries
                             > ends;
const auto setting_def =
    begins >> name[set(&Argument::name)] > ':' > expression[set(&Argument::value)] > ends;
const auto train_def = begins >> x3::raw[keyword("train")][([](auto &context) {
                         x3::_val(context).keyword = rangeOf(context, x3::_attr(context));
                       })] > '{' > *(setting[push(&Train::settings)] > -x3::lit(',')) > endOfEntries
                       > ends;
// A name before a colon is the next limit: the unit is missing.
const auto unit_def = name[assign] >> !x3::lit(':');
const auto limit_def = begins >> name[set(&Budget::Entry::name)] > ':' >
                       expression[set(&Budget::Entry::value)] > unit[set(&Budget::Entry::unit)] >
                       ends;
const auto budget_def = begins >> keyword("budget") > name[set(&Budget::node)] > '{' >
                        *(limit[push(&Budget::entries)] > -x3::lit(',')) > endOfEntries > ends;

const auto import_def = begins >> keyword("import") > path[set(&Import::path)] > ends;
const auto constant_def = begins >> keyword("const") > name[set(&Const::name)] >
                          '=' > expression[set(&Const::value)] > ends;
const auto parameter_def = begins >> name[set(&Block::Parameter::name)] >>
                           -('=' > expression[([](auto &context) {
                               x3::_val(context).otherwise = std::move(x3::_attr(context));
                             })]) >>
                           ends;
const auto blockParameter = parameter[push(&Block::parameters)];
const auto block_def = begins >> keyword("block") > name[set(&Block::name)] >
                       -('(' > -(blockParameter >> *(',' >> blockParameter) >> -x3::lit(',')) >
                         endOfParameters) > body[set(&Block::body)] > ends;
const auto list_def = begins >>
                      keyword("layers") > name[set(&List::name)] > body[set(&List::body)] > ends;

const auto item = push(&Network::items);
const auto network_def = begins >> keyword("network") > name[set(&Network::name)] > '{' >
                         *(input[item] | output[item] | exit[item] | node[item] | skip[item] |
                           average[item] | link[item] | group[item] | reliability[item] |
                           train[item] | budget[item] | constant[item] | block[item] | list[item] |
                           chain[item]) > endOfNetwork
                         > ends;
const auto fileItem = push(&File::items);
const auto file_def =
    *(import[fileItem] | constant[fileItem] | block[fileItem] | list[fileItem]) >>
    ((network[([](auto &context) { x3::_val(context).network = std::move(x3::_attr(context)); })] >
      endOfFile) |
     (x3::eps > endOfItems));
BOOST_SPIRIT_DEFINE(tensorType, classType, outputType, input, output, exit, slice, node, projection,
                    element, options, chain, skip, average, link, group, probability,
                    reliabilityEntry, reliability, setting, train, unit, limit, budget, import,
                    constant, parameter, block, list, network, file)

const auto comment = "//" >> *(x3::char_ - '\n');
const auto blanks = x3::ascii::space | comment;

//===-- Messages ------------------------------------------------------------------------------===//

/// Where a text breaks the grammar, and what could have come there.
struct Failure {
  size_t at;
  std::string expected;
};

/// Ranges in `tree` are in a file of this number.
std::optional<Failure> parseText(llvm::StringRef text, uint32_t number, File &tree) {
  if (text.size() > (1u << 30))
    return Failure{0, "a spec of at most 1 GiB"};
  State state{number, text.begin(), tokenize(text, number).tokens};
  const char *at = text.begin();
  try {
    const auto grammar = x3::with<StateTag>(std::ref(state))[file];
    if (x3::phrase_parse(at, text.end(), grammar, blanks, tree))
      return std::nullopt;
    return Failure{static_cast<size_t>(at - text.begin()), "'network'"};
  } catch (const x3::expectation_failure<const char *> &failure) {
    std::string expected = failure.which();
    // X3 calls a literal by its bare text or with quotes of its own.
    if (!expected.empty() && expected.front() == '"' && expected.back() == '"')
      expected = "'" + expected.substr(1, expected.size() - 2) + "'";
    if (state.depth > kMaxDepth)
      expected = "less deep nesting";
    return Failure{static_cast<size_t>(failure.where() - text.begin()), expected};
  }
}

/// The innermost bracket that is open at a place, but for that of the network.
std::optional<Range> findOpenBracket(llvm::StringRef text, size_t place, uint32_t number) {
  const std::vector<Range> tokens = tokenize(text.take_front(place), number).tokens;
  std::vector<size_t> open;
  for (size_t token = 0; token < tokens.size(); ++token) {
    const char c = text[tokens[token].begin];
    if (c == '(' || c == '{' || c == '[')
      open.push_back(token);
    else if ((c == ')' || c == '}' || c == ']') && !open.empty())
      open.pop_back();
  }
  if (open.empty())
    return std::nullopt;
  const size_t bracket = open.back();
  if (bracket >= 2 && tokenAt(text, tokens[bracket - 2].begin) == "network")
    return std::nullopt;
  return tokens[bracket];
}

} // namespace

std::optional<File> rnet::parse(uint32_t buffer, Diagnostics &diagnostics) {
  const llvm::StringRef text = diagnostics.getText(buffer);
  File result;
  result.file = buffer;
  const std::optional<Failure> failure = parseText(text, buffer, result);
  if (!failure) {
    result.comments = tokenize(text, buffer).comments;
    return result;
  }
  // Point at the token, not at the blanks before it.
  const char *place = text.begin() + failure->at;
  x3::parse(place, text.end(), *blanks);
  const uint32_t at = static_cast<uint32_t>(place - text.begin());
  llvm::StringRef found = tokenAt(text, at);
  diagnostics.report("syntax", {at, static_cast<uint32_t>(at + found.size()), buffer},
                     "expected " + failure->expected + ", found " +
                         (found.empty() ? "the end of the file" : "'" + found.str() + "'"));
  if (std::optional<Range> open = findOpenBracket(text, at, buffer))
    diagnostics.note(*open,
                     "inside the '" + std::string(1, text[open->begin]) + "' that opens here");
  auto parses = [](llvm::StringRef mended) {
    File tree;
    return !parseText(mended, 0, tree);
  };
  noteMends(text, {at, at, buffer}, parses, diagnostics);
  return std::nullopt;
}
