// Values of expressions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Evaluate.h"

#include <cmath>

using namespace rnet;
using ast::Expression;

static std::optional<double> evaluateCall(const Expression &call, const Constants &constants,
                                          Diagnostics &diagnostics) {
  if (call.text != "int") {
    diagnostics.report("bad-value", call.range,
                       "'" + call.text + "' is no function; there is 'int'");
    return std::nullopt;
  }
  if (call.operands.size() != 1 || call.operands[0].name) {
    diagnostics.report("bad-value", call.range, "'int' takes one number");
    return std::nullopt;
  }
  std::optional<double> value = evaluate(call.operands[0].value, constants, diagnostics);
  return value ? std::optional(std::trunc(*value)) : std::nullopt;
}

std::optional<double> rnet::evaluate(const Expression &expression, const Constants &constants,
                                     Diagnostics &diagnostics) {
  switch (expression.kind) {
  case Expression::Kind::number:
    return expression.number;
  case Expression::Kind::name: {
    auto found = constants.find(expression.text);
    if (found != constants.end())
      return found->second;
    llvm::SmallVector<llvm::StringRef> known(constants.keys());
    diagnostics.report("unknown-constant", expression.range,
                       "expected a number, and there is no constant named '" + expression.text +
                           "'" + suggest(expression.text, known));
    return std::nullopt;
  }
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
  switch (expression.kind) {
  case Expression::Kind::add:
    return values[0] + values[1];
  case Expression::Kind::subtract:
    return values[0] - values[1];
  case Expression::Kind::multiply:
    return values[0] * values[1];
  case Expression::Kind::divide:
    if (values[1] == 0) {
      diagnostics.report("bad-value", expression.range, "division by zero");
      return std::nullopt;
    }
    return values[0] / values[1];
  default:
    return -values[0];
  }
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
    return std::nullopt;
  }
  return static_cast<int64_t>(*value);
}
