// Values of expressions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Evaluate.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <cmath>

using namespace rnet;
using ast::Expression;

namespace {
using Values = llvm::ArrayRef<double>;

/// A function of expressions, for so many numbers; not a number where it has no value.
struct Function {
  llvm::StringRef name;
  size_t count;
  double (*compute)(Values);
};
const Function kFunctions[] = {
    {"int", 1, [](Values x) { return std::trunc(x[0]); }},
    {"floor", 1, [](Values x) { return std::floor(x[0]); }},
    {"ceil", 1, [](Values x) { return std::ceil(x[0]); }},
    {"round", 1, [](Values x) { return std::round(x[0]); }},
    {"min", 2, [](Values x) { return std::fmin(x[0], x[1]); }},
    {"max", 2, [](Values x) { return std::fmax(x[0], x[1]); }},
    // Of mean times to failure and to repair: the share of time that a node is up, and the chance
    // that it is up some time after it was (times without memory: a Markov process of two states).
    {"availability", 2, [](Values x) { return x[0] / (x[0] + x[1]); }},
    {"availability", 3, [](Values x) {
       const double forever = x[0] / (x[0] + x[1]);
       return forever + (1 - forever) * std::exp(-x[2] * (1 / x[0] + 1 / x[1]));
     }}};
} // namespace

static void reportArguments(const Expression &call, Diagnostics &diagnostics) {
  static const llvm::StringRef kCounts[] = {"", "one", "two", "three"};
  std::string names, counts;
  for (const Function &known : kFunctions) {
    if (!llvm::StringRef(names).ends_with(known.name))
      names += (names.empty() ? "" : ", ") + known.name.str();
    if (known.name == call.text)
      counts += (counts.empty() ? "" : " or ") + kCounts[known.count].str();
  }
  diagnostics.report("bad-value", call.range,
                     counts.empty() ? "'" + call.text + "' is no function; there are " + names
                                    : "'" + call.text + "' takes " + counts + " number" +
                                          (counts == "one" ? "" : "s"));
}

static std::optional<double> evaluateCall(const Expression &call, const Constants &constants,
                                          Diagnostics &diagnostics) {
  const Function *function = llvm::find_if(kFunctions, [&](const Function &known) {
    return known.name == call.text && known.count == call.operands.size();
  });
  if (function == std::end(kFunctions) ||
      llvm::any_of(call.operands, [](const ast::Argument &operand) { return operand.name; })) {
    reportArguments(call, diagnostics);
    return std::nullopt;
  }
  llvm::SmallVector<double, 3> values;
  for (const ast::Argument &operand : call.operands) {
    std::optional<double> value = evaluate(operand.value, constants, diagnostics);
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  const double value = function->compute(values);
  if (std::isfinite(value))
    return value;
  diagnostics.report("bad-value", call.range, "'" + call.text + "' has no value for these numbers");
  return std::nullopt;
}

/// The value of an operation; infinite where it has none.
static double compute(Expression::Kind kind, llvm::ArrayRef<double> values) {
  switch (kind) {
  case Expression::Kind::add:
    return values[0] + values[1];
  case Expression::Kind::subtract:
    return values[0] - values[1];
  case Expression::Kind::multiply:
    return values[0] * values[1];
  case Expression::Kind::divide:
    return values[0] / values[1];
  default:
    return -values[0];
  }
}

/// Names of constants that a mistake may have meant; nothing where there are very many.
static llvm::SmallVector<llvm::StringRef> knownNames(const Constants &constants) {
  llvm::SmallVector<llvm::StringRef> known;
  for (const Constants *scope = &constants; scope; scope = scope->outer)
    if (scope->values.size() <= 1000)
      known.append(scope->values.keys().begin(), scope->values.keys().end());
  return known;
}

/// Notes the constants of the innermost scope that has any, where they are few: one of them may be
/// what was meant.
static void noteNearest(const Constants &constants, Diagnostics &diagnostics) {
  const Constants *scope = &constants;
  while (scope && scope->values.empty())
    scope = scope->outer;
  if (scope && scope->values.size() <= 3)
    for (const auto &[name, constant] : scope->values)
      diagnostics.note(constant.name, "'" + name + "' is declared here");
}

void rnet::noteOrigins(const Expression &expression, const Constants &constants,
                       Diagnostics &diagnostics) {
  const bool isName = expression.kind == Expression::Kind::name;
  if (const auto *constant = isName ? constants.lookup(expression.text) : nullptr) {
    std::string message;
    llvm::raw_string_ostream(message) << "'" << expression.text << "' is "
                                      << llvm::format("%g", constant->value) << " because of this";
    diagnostics.note(constant->origin, message);
  }
  for (const ast::Argument &operand : expression.operands)
    noteOrigins(operand.value, constants, diagnostics);
}

std::optional<double> rnet::evaluate(const Expression &expression, const Constants &constants,
                                     Diagnostics &diagnostics) {
  switch (expression.kind) {
  case Expression::Kind::number:
    if (std::isfinite(expression.number))
      return expression.number;
    diagnostics.report("bad-value", expression.range, "this number is too large");
    return std::nullopt;
  case Expression::Kind::name:
    if (std::optional<double> value = constants.find(expression.text))
      return value;
    diagnostics.report("unknown-constant", expression.range,
                       "expected a number, and there is no constant named '" + expression.text +
                           "'" + suggest(expression.text, knownNames(constants)));
    noteNearest(constants, diagnostics);
    return std::nullopt;
  case Expression::Kind::size:
  case Expression::Kind::string:
    diagnostics.report("bad-value", expression.range,
                       "expected a number, found '" + expression.text + "'");
    return std::nullopt;
  case Expression::Kind::call:
    return evaluateCall(expression, constants, diagnostics);
  default:
    break;
  }
  llvm::SmallVector<double, 2> values;
  for (const ast::Argument &operand : expression.operands) {
    std::optional<double> value = evaluate(operand.value, constants, diagnostics);
    if (!value)
      return std::nullopt;
    values.push_back(*value);
  }
  if (expression.kind == Expression::Kind::divide && values[1] == 0) {
    diagnostics.report("bad-value", expression.range, "division by zero");
    return std::nullopt;
  }
  const double value = compute(expression.kind, values);
  if (!std::isfinite(value)) {
    diagnostics.report("bad-value", expression.range, "this number is too large");
    return std::nullopt;
  }
  return value;
}

std::optional<int64_t> rnet::evaluateCount(const Expression &expression, const Constants &constants,
                                           int64_t least, llvm::StringRef what,
                                           Diagnostics &diagnostics) {
  std::optional<double> value = evaluate(expression, constants, diagnostics);
  if (!value)
    return std::nullopt;
  if (*value != std::floor(*value) || *value < static_cast<double>(least) || *value > 1e15) {
    diagnostics.report("bad-value", expression.range,
                       what + " must be a whole number" +
                           (least > 0 ? " from " + std::to_string(least) + " on" : ""));
    noteOrigins(expression, constants, diagnostics);
    return std::nullopt;
  }
  return static_cast<int64_t>(*value);
}

std::optional<std::vector<int64_t>> rnet::evaluateSizes(const Expression &expression,
                                                        const Constants &constants,
                                                        llvm::StringRef what,
                                                        Diagnostics &diagnostics) {
  std::vector<int64_t> sizes;
  if (expression.kind != Expression::Kind::size) {
    std::optional<int64_t> size = evaluateCount(expression, constants, 1, what, diagnostics);
    if (!size)
      return std::nullopt;
    sizes.push_back(*size);
  } else {
    for (llvm::StringRef part : llvm::split(expression.text, 'x'))
      if (part.getAsInteger(10, sizes.emplace_back()))
        sizes.back() = 0; // more than 64 bits
  }
  double elements = 1;
  for (int64_t size : sizes)
    elements *= static_cast<double>(size);
  if (llvm::all_of(sizes, [](int64_t size) { return size > 0; }) && elements <= 1e9)
    return sizes;
  diagnostics.report("bad-size", expression.range,
                     what + " is made of sizes from 1 on, with 1,000,000,000 as their product");
  noteOrigins(expression, constants, diagnostics);
  return std::nullopt;
}
