// The table of layers, and how arguments are read.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Layers.h"

#include "llvm/ADT/StringExtras.h"

#include <cmath>
#include <limits>

using namespace rnet;
using Kind = Parameter::Kind;
using Expression = ast::Expression;

//===-- The table -----------------------------------------------------------------------------===//

static const Parameter kActivation{"activation", Kind::activation},
    kBias{"bias", Kind::flag, "true"}, kKernel{"kernel", Kind::window, kRequired},
    kStride{"stride", Kind::window, "1"}, kStrideOfPool{"stride", Kind::window, "kernel"},
    kSame{"padding", Kind::padding, "same"}, kValid{"padding", Kind::padding, "valid"};
static const std::vector<Parameter> kPads = {{"top", Kind::whole, "0"},
                                             {"bottom", Kind::whole, "0"},
                                             {"left", Kind::whole, "0"},
                                             {"right", Kind::whole, "0"}};

static const Signature kLayers[] = {
    {"dense", {{"units", Kind::count, kRequired}, kActivation, kBias}},
    {"conv", {{"filters", Kind::count, kRequired}, kKernel, kStride, kSame, kActivation, kBias}},
    {"depthwise_conv", {kKernel, kStride, kSame, kActivation, kBias}},
    {"batch_norm", {{"momentum", Kind::fraction, "0.99"}, {"epsilon", Kind::positive, "1e-3"}}},
    {"max_pool", {kKernel, kStrideOfPool, kValid}},
    {"avg_pool", {kKernel, kStrideOfPool, kValid}},
    {"global_avg_pool", {}},
    {"flatten", {}},
    {"reshape", {{"shape", Kind::shape, kRequired}}},
    {"zero_pad", kPads},
    {"dropout", {{"rate", Kind::fraction, kRequired}}},
    {"scale", {}},
    {"relu", {}},
    {"relu6", {}},
    {"sigmoid", {}},
    {"tanh", {}},
    {"gelu", {}},
    {"softmax", {}},
};
/// Those that another layer may take as its activation.
static const llvm::StringRef kActivations[] = {"relu", "relu6", "sigmoid",
                                               "tanh", "gelu",  "softmax"};
static const Signature kPad{"pad", kPads};

llvm::ArrayRef<Signature> rnet::layerKinds() { return kLayers; }

const Signature *rnet::findLayer(llvm::StringRef name) {
  for (const Signature &kind : kLayers)
    if (kind.name == name)
      return &kind;
  return nullptr;
}

void rnet::listLayers(llvm::raw_ostream &out) {
  for (const Signature &kind : kLayers) {
    out << kind.name;
    const char *separator = "(";
    for (const Parameter &parameter : kind.parameters) {
      out << separator << parameter.name;
      if (!parameter.otherwise.empty() && parameter.otherwise != kRequired)
        out << ": " << parameter.otherwise;
      separator = ", ";
    }
    out << (kind.parameters.empty() ? "\n" : ")\n");
  }
}

//===-- Values --------------------------------------------------------------------------------===//

namespace {
/// What a number must be.
struct Numbers {
  Kind kind;
  llvm::StringRef phrase;
  double least, most;
  bool isWhole;
};
} // namespace
static constexpr double kTiny = std::numeric_limits<double>::min(),
                        kBelowOne = 1 - std::numeric_limits<double>::epsilon() / 2, kMany = 1e15,
                        kHuge = std::numeric_limits<double>::max();
static const Numbers kNumbers[] = {
    {Kind::count, "a whole number from 1 on", 1, kMany, true},
    {Kind::whole, "a whole number from 0 on", 0, kMany, true},
    {Kind::real, "a number from 0 on", 0, kHuge, false},
    {Kind::positive, "a number above 0", kTiny, kHuge, false},
    {Kind::fraction, "a number from 0 to below 1", 0, kBelowOne, false},
    {Kind::probability, "a number from 0 to 1", 0, 1, false},
    {Kind::angle, "a number of degrees from 0 to 180", 0, 180, false},
};

static bool readPadding(const Parameter &parameter, const Expression &value,
                        const Constants &constants, model::Arguments &result,
                        Diagnostics &diagnostics) {
  const std::string name = parameter.name.str();
  if (value.kind == Expression::Kind::name && (value.text == "same" || value.text == "valid")) {
    result.words[name] = value.text;
    return true;
  }
  if (value.kind != Expression::Kind::call || value.text != kPad.name) {
    diagnostics.report("bad-padding", value.range,
                       "expected 'same', 'valid' or 'pad(top: 1, bottom: 1, left: 1, right: 1)'");
    return false;
  }
  std::optional<model::Arguments> pads =
      readArguments(kPad, value.operands, value.range, constants, diagnostics);
  if (!pads)
    return false;
  result.words[name] = "pad";
  for (const Parameter &pad : kPads)
    result.sizes[name].push_back(static_cast<int64_t>(pads->numbers[pad.name.str()]));
  return true;
}

bool rnet::readValue(const Parameter &parameter, const Expression &value,
                     const Constants &constants, model::Arguments &result,
                     Diagnostics &diagnostics) {
  const std::string name = parameter.name.str(), quoted = "'" + name + "'";
  switch (parameter.kind) {
  case Kind::flag:
    if (value.kind == Expression::Kind::name && (value.text == "true" || value.text == "false")) {
      result.numbers[name] = value.text == "true";
      return true;
    }
    diagnostics.report("bad-value", value.range, quoted + " must be true or false");
    return false;
  case Kind::name:
    if (value.kind == Expression::Kind::name) {
      result.words[name] = value.text;
      return true;
    }
    diagnostics.report("bad-value", value.range, quoted + " must be a name");
    return false;
  case Kind::draw:
    if (value.kind == Expression::Kind::name && (value.text == "batch" || value.text == "row")) {
      result.words[name] = value.text;
      return true;
    }
    diagnostics.report("bad-value", value.range, quoted + " must be batch or row");
    return false;
  case Kind::activation:
    if (value.kind == Expression::Kind::name && llvm::is_contained(kActivations, value.text)) {
      result.words[name] = value.text;
      return true;
    }
    diagnostics.report("bad-value", value.range,
                       "expected an activation: " + llvm::join(llvm::ArrayRef(kActivations), ", ") +
                           (value.kind == Expression::Kind::name
                                ? suggest(value.text, llvm::ArrayRef(kActivations))
                                : ""));
    return false;
  case Kind::padding:
    return readPadding(parameter, value, constants, result, diagnostics);
  case Kind::window:
  case Kind::shape: {
    std::optional<std::vector<int64_t>> sizes =
        evaluateSizes(value, constants, quoted, diagnostics);
    if (!sizes)
      return false;
    if (parameter.kind == Kind::window && sizes->size() == 1)
      sizes->push_back(sizes->front());
    if (parameter.kind == Kind::window && sizes->size() != 2) {
      diagnostics.report("bad-size", value.range,
                         quoted + " has a height and a width: '3x3', or '3' for both");
      return false;
    }
    result.sizes[name] = std::move(*sizes);
    return true;
  }
  default:
    break;
  }
  std::optional<double> number = evaluate(value, constants, diagnostics);
  if (!number)
    return false;
  const Numbers &range = *llvm::find_if(
      kNumbers, [&](const Numbers &numbers) { return numbers.kind == parameter.kind; });
  if (!(*number >= range.least && *number <= range.most) ||
      (range.isWhole && *number != std::floor(*number))) {
    diagnostics.report("bad-value", value.range, quoted + " must be " + range.phrase);
    noteOrigins(value, constants, diagnostics);
    return false;
  }
  result.numbers[name] = *number;
  return true;
}

static void setDefault(const Parameter &parameter, model::Arguments &result) {
  const std::string name = parameter.name.str();
  double number = 0;
  switch (parameter.kind) {
  case Kind::flag:
    result.numbers[name] = parameter.otherwise == "true";
    break;
  case Kind::padding:
  case Kind::draw:
    result.words[name] = parameter.otherwise.str();
    break;
  case Kind::window:
    if (auto other = result.sizes.find(parameter.otherwise.str()); other != result.sizes.end())
      result.sizes[name] = std::vector(other->second);
    else
      result.sizes[name] = {1, 1};
    break;
  default:
    parameter.otherwise.getAsDouble(number);
    result.numbers[name] = number;
    break;
  }
}

//===-- Arguments -----------------------------------------------------------------------------===//

std::optional<std::vector<const ast::Argument *>>
rnet::bindArguments(llvm::StringRef callee, llvm::ArrayRef<llvm::StringRef> parameters,
                    llvm::ArrayRef<ast::Argument> arguments, Diagnostics &diagnostics) {
  std::vector<const ast::Argument *> bound(parameters.size());
  size_t position = 0;
  bool good = true;
  for (const ast::Argument &argument : arguments) {
    const size_t index =
        argument.name
            ? static_cast<size_t>(llvm::find(parameters, argument.name->text) - parameters.begin())
            : position++;
    if (index >= parameters.size()) {
      std::string known;
      for (llvm::StringRef parameter : parameters)
        known += (known.empty() ? "'" : ", '") + parameter.str() + "'";
      diagnostics.report(
          "bad-argument", argument.name ? argument.name->range : argument.range,
          "'" + callee + "' takes " + (known.empty() ? "no arguments" : known) +
              (argument.name ? ", no '" + argument.name->text + "'" : std::string()));
      good = false;
    } else if (bound[index]) {
      diagnostics.report("bad-argument", argument.range,
                         "'" + parameters[index] + "' is given twice");
      diagnostics.note(bound[index]->range, "the first time is here");
      good = false;
    } else {
      bound[index] = &argument;
    }
  }
  return good ? std::optional(std::move(bound)) : std::nullopt;
}

std::optional<model::Arguments> rnet::readArguments(const Signature &signature,
                                                    llvm::ArrayRef<ast::Argument> arguments,
                                                    ast::Range range, const Constants &constants,
                                                    Diagnostics &diagnostics) {
  llvm::SmallVector<llvm::StringRef> names;
  for (const Parameter &parameter : signature.parameters)
    names.push_back(parameter.name);
  auto bound = bindArguments(signature.name, names, arguments, diagnostics);
  if (!bound)
    return std::nullopt;
  model::Arguments result;
  bool good = true;
  for (auto [parameter, argument] : llvm::zip(signature.parameters, *bound)) {
    if (argument) {
      good = readValue(parameter, argument->value, constants, result, diagnostics) && good;
    } else if (parameter.otherwise == kRequired) {
      diagnostics.report("bad-argument", range,
                         "'" + signature.name + "' needs '" + parameter.name + "'");
      good = false;
    } else if (!parameter.otherwise.empty()) {
      setDefault(parameter, result);
    }
  }
  return good ? std::optional(std::move(result)) : std::nullopt;
}
