// The checker: reliabilities, budgets and the recipe.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Checker.h"

#include "llvm/ADT/StringExtras.h"

using namespace rnet;
using namespace rnet::model;
using Expression = ast::Expression;
using Kind = Parameter::Kind;

//===-- Reliabilities and budgets -------------------------------------------------------------===//

void Checker::addReliability(const ast::Reliability &setting) {
  if (!declare(settingNames, setting.name, "reliability setting"))
    return;
  Reliability reliability{&setting, {}};
  Names names;
  for (const ast::Reliability::Entry &entry : setting.entries) {
    std::optional<Cause> cause =
        findCause(entry.name,
                  network.links.empty() && network.groups.empty() ? "node" : "node, link or group");
    if (!declare(names, entry.name, "reliability") || !cause || !entry.value)
      continue;
    std::optional<double> value = evaluate(*entry.value, constants, diagnostics);
    if (!value)
      continue;
    if (!(*value >= 0 && *value <= 1)) {
      diagnostics.report("bad-reliability", entry.value->range,
                         "a reliability is a probability from 0 to 1");
      continue;
    }
    reliability.causes[*cause] = *value;
    (cause->kind == Cause::Kind::node   ? network.nodes[cause->index].failable
     : cause->kind == Cause::Kind::link ? network.links[cause->index].failable
                                        : network.groups[cause->index].failable) = true;
  }
  network.reliabilities.push_back(std::move(reliability));
}

void Checker::addBudget(const ast::Budget &budget) {
  static const struct {
    llvm::StringRef name;
    double bytes;
  } units[] = {{"B", 1},      {"kB", 1e3},      {"MB", 1e6},        {"GB", 1e9},
               {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}};
  static const llvm::StringRef known[] = {"memory", "sent"};
  std::optional<unsigned> node = findNode(budget.node);
  if (!declare(budgetNames, budget.node, "budget") || !node)
    return;
  Budget &result = network.nodes[*node].budget.emplace();
  Names names;
  for (const ast::Budget::Entry &entry : budget.entries) {
    if (!llvm::is_contained(known, entry.name.text)) {
      diagnostics.report("unknown-setting", entry.name.range,
                         "a budget has no limit named '" + entry.name.text + "'" +
                             suggest(entry.name.text, known) + "; there are memory, sent");
      continue;
    }
    if (!declare(names, entry.name, "limit"))
      continue;
    auto unit = llvm::find_if(units, [&](auto &unit) { return unit.name == entry.unit.text; });
    if (unit == std::end(units)) {
      diagnostics.report("unknown-unit", entry.unit.range,
                         "no unit '" + entry.unit.text +
                             "'; there are B, kB, MB, GB, KiB, MiB, GiB");
      continue;
    }
    const Parameter limit{entry.name.text, Kind::real};
    Arguments value;
    if (readValue(limit, entry.value, constants, value, diagnostics))
      (entry.name.text == "memory" ? result.memory : result.sent) =
          Budget::Limit{value.numbers[entry.name.text] * unit->bytes, entry.range};
  }
}

//===-- The recipe ----------------------------------------------------------------------------===//

static const Parameter kNumbers[] = {{"batch", Kind::count}, {"epochs", Kind::whole},
                                     {"seed", Kind::whole},  {"distill", Kind::probability},
                                     {"exits", Kind::real},  {"weight_decay", Kind::real}};
static const Signature kOptimizers[] = {
    {"adam",
     {{"rate", Kind::real}, {"beta1", Kind::real}, {"beta2", Kind::real}, {"epsilon", Kind::real}}},
    {"sgd", {{"rate", Kind::real}, {"momentum", Kind::real}}}};
static const Signature kSchedules[] = {
    {"step", {{"every", Kind::count, kRequired}, {"factor", Kind::real, "0.1"}}},
    {"cosine", {{"warmup", Kind::whole, "0"}}}};
static const Signature kAugmentations[] = {{"images",
                                            {{"rotation", Kind::angle, "0"},
                                             {"shift", Kind::probability, "0"},
                                             {"flip", Kind::flag, "false"}}}};
static const Parameter kRate{"rate", Kind::probability, kRequired};
static const Parameter kPer{"per", Kind::draw, "batch"};
static const Parameter kStratified{"stratified", Kind::flag, "false"};
static const Parameter kSetting{"name", Kind::name, kRequired};
static const Signature kFailouts[] = {{"rate", {kRate, kPer, kStratified}},
                                      {"setting", {kSetting, kPer, kStratified}},
                                      {"expected", {kSetting}}};

void Checker::addRecipe(const ast::Train &train) {
  if (network.recipe) {
    diagnostics.report("duplicate-name", train.keyword, "there is a second 'train'");
    return;
  }
  network.recipe.emplace();
  Names names;
  for (const ast::Argument &setting : train.settings)
    if (declare(names, *setting.name, "setting"))
      addSetting(setting);
}

/// The values of a call to one of some, `adam(rate: 1e-3)`; without arguments, a name will do.
std::optional<Arguments> Checker::readCall(const Expression &value,
                                           llvm::ArrayRef<Signature> known) {
  std::string names;
  for (const Signature &signature : known) {
    if ((value.kind == Expression::Kind::call || value.kind == Expression::Kind::name) &&
        value.text == signature.name)
      return readArguments(signature, value.operands, value.range, constants, diagnostics);
    names += (names.empty() ? "'" : " or '") + signature.name.str() + "(...)'";
  }
  diagnostics.report("bad-value", value.range, "expected " + names);
  return std::nullopt;
}

/// `0.10`, `rate(0.10, per: row)`, `setting(hazardous, per: row)`, `expected(hazardous)`.
void Checker::addFailout(const Expression &value) {
  Failout &failout = network.recipe->failout;
  auto findSetting = [&](llvm::StringRef name) {
    auto found = llvm::find_if(network.reliabilities, [&](const Reliability &reliability) {
      return reliability.spec->name.text == name;
    });
    return static_cast<unsigned>(found - network.reliabilities.begin());
  };
  const unsigned none = network.reliabilities.size();
  const bool isName = value.kind == Expression::Kind::name;
  if (!llvm::any_of(kFailouts, [&](auto &known) { return value.text == known.name; })) {
    if (isName && findSetting(value.text) != none) {
      diagnostics.report("bad-value", value.range,
                         "expected a number, 'rate(...)', 'setting(" + value.text +
                             ")' or 'expected(" + value.text + ")'");
      return;
    }
    Arguments read;
    if (readValue({"failout", Kind::probability}, value, constants, read, diagnostics))
      failout.rate = read.numbers["failout"];
    return;
  }
  std::optional<Arguments> read = readCall(value, kFailouts);
  if (!read)
    return;
  failout.perRow = read->words["per"] == "row";
  failout.stratified = read->numbers["stratified"] != 0;
  failout.expected = value.text == "expected";
  if (value.text == "rate") {
    failout.rate = read->numbers["rate"];
    return;
  }
  const std::string &name = read->words["name"];
  failout.setting = findSetting(name);
  if (failout.setting != none)
    return;
  llvm::SmallVector<llvm::StringRef> known(settingNames.keys());
  auto argument = llvm::find_if(value.operands, [](const ast::Argument &operand) {
    return !operand.name || operand.name->text == "name";
  });
  diagnostics.report("unknown-setting", argument->value.range,
                     "no reliability setting named '" + name + "'" + suggest(name, known));
}

void Checker::addSetting(const ast::Argument &setting) {
  static const llvm::StringRef known[] = {
      "optimizer", "batch", "epochs",       "failout",       "distill",  "exits",  "seed",
      "keep",      "loss",  "weight_decay", "class_weights", "schedule", "augment"};
  Recipe &recipe = *network.recipe;
  const std::string &name = setting.name->text;
  const Expression &value = setting.value;
  auto isWord = [&](llvm::StringRef word) {
    if (value.kind == Expression::Kind::name && value.text == word)
      return true;
    diagnostics.report("bad-value", value.range, "expected '" + word + "'");
    return false;
  };
  auto number = llvm::find_if(kNumbers, [&](const Parameter &it) { return it.name == name; });
  if (number != std::end(kNumbers)) {
    Arguments read;
    if (readValue(*number, value, constants, read, diagnostics))
      (name == "weight_decay" ? recipe.weightDecay : recipe.numbers[name]) = read.numbers[name];
  } else if (name == "failout") {
    addFailout(value);
  } else if (name == "optimizer") {
    if (std::optional<Arguments> read = readCall(value, kOptimizers)) {
      recipe.optimizer = value.text;
      recipe.numbers.insert(read->numbers.begin(), read->numbers.end());
    }
  } else if (name == "schedule") {
    if (std::optional<Arguments> read = readCall(value, kSchedules)) {
      Schedule &schedule = recipe.schedule.emplace();
      schedule.kind = value.text == "step" ? Schedule::Kind::step : Schedule::Kind::cosine;
      if (schedule.kind == Schedule::Kind::cosine) {
        schedule.warmup = static_cast<int64_t>(read->numbers["warmup"]);
      } else {
        schedule.every = static_cast<int64_t>(read->numbers["every"]);
        schedule.factor = read->numbers["factor"];
      }
    }
  } else if (name == "augment") {
    if (std::optional<Arguments> read = readCall(value, kAugmentations))
      recipe.augmentation = Augmentation{read->numbers["rotation"], read->numbers["shift"],
                                         read->numbers["flip"] != 0};
  } else if (name == "keep") {
    const bool isBest =
        value.text == "best" && value.kind == Expression::Kind::call && value.operands.size() == 1;
    recipe.keepBest = isBest && value.operands[0].value.text == "validation_accuracy";
    if (!recipe.keepBest && !(value.text == "last" && value.kind == Expression::Kind::name))
      diagnostics.report("bad-value", isBest ? value.operands[0].range : value.range,
                         "expected 'best(validation_accuracy)' or 'last'");
  } else if (name == "loss") {
    isWord("cross_entropy");
  } else if (name == "class_weights") {
    recipe.balanced = isWord("balanced");
  } else {
    diagnostics.report("unknown-setting", setting.name->range,
                       "no training setting named '" + name + "'" + suggest(name, known) +
                           "; there are " + llvm::join(llvm::ArrayRef(known), ", "));
  }
}
