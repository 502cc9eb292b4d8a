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
/// A function of expressions; min and max take two numbers, the others one.
struct Function {
  llvm::StringRef name;
  double (*one)(double);
  double (*two)(double, double);
};
const Function kFunctions[] = {{"int", std::trunc, nullptr}, {"floor", std::floor, nullptr},
                               {"ceil", std::ceil, nullptr}, {"round", std::round, nullptr},
                               {"min", nullptr, std::fmin},  {"max", nullptr, std::fmax}};
} // namespace

static std::optional<double> evaluateCall(const Expression &call, const Constants &constants,
                                          Diagnostics &diagnostics) {
  const Function *function =
      llvm::find_if(kFunctions, [&](const Function &known) { return known.name == call.text; });
  if (function == std::end(kFunctions)) {
    diagnostics.report("bad-value", call.range,
                       "'" + call.text +
                           "' is no function; there are int, floor, ceil, round, min, max");
    return std::nullopt;
  }
  const size_t count = function->one ? 1 : 2;
  if (call.operands.size() != count ||
      llvm::any_of(call.operands, [](const ast::Argument &operand) { return operand.name; })) {
    diagnostics.report("bad-value", call.range,
                       "'" + call.text + "' takes " + (count == 1 ? "one number" : "two numbers"));
    return std::nullopt;
  }
  double values[2] = {};
  for (size_t k = 0; k < count; ++k) {
    std::optional<double> value = evaluate(call.operands[k].value, constants, diagnostics);
    if (!value)
      return std::nullopt;
    values[k] = *value;
  }
  return function->one ? function->one(values[0]) : function->two(values[0], values[1]);
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
