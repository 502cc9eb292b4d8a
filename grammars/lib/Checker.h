// What the parts of the checker share.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "Expand.h"
#include "Flow.h"
#include "Routes.h"

namespace rnet {

/// Makes a model from a tree. Each part adds its items to the network; blocks, lists, constants and
/// nodes come first.
class Checker {
public:
  Checker(llvm::ArrayRef<ast::File> files, Diagnostics &diagnostics)
      : files(files), diagnostics(diagnostics), expander(constants, diagnostics) {}

  std::optional<model::Network> run(bool skips);

private:
  /// Of the spec's network.
  template <class T, class Action> void forEach(Action action) {
    for (const ast::Item &item : files.back().network->items)
      if (auto *found = std::get_if<T>(&item))
        action(*found);
  }
  bool declare(Names &names, const ast::Name &name, llvm::StringRef what) {
    return rnet::declare(names, name.text, name.range, what, diagnostics);
  }
  std::optional<unsigned> findNode(const ast::Name &name);
  /// A node, link or group; `kinds` says which of them in a message.
  std::optional<model::Cause> findCause(const ast::Name &name, llvm::StringRef kinds);

  // Checker.cpp
  void declareDefinitions();
  void declareNodes();
  /// "bf16" or "int8"; empty for f32, which is what holds where nothing is said. `of` is what has
  /// it, for a message.
  std::string checkElement(const std::optional<ast::Name> &element, llvm::StringRef of);
  std::optional<std::vector<int64_t>> checkShape(const ast::TensorType &type);
  void addInput(const ast::Input &input);
  void addOutput(const ast::Output &output);
  void addExit(const ast::Exit &exit);
  bool addClasses(const ast::ClassType &type, model::Output &output);

  // Links.cpp
  void declareLinks();
  void addMembers(model::Link &link);
  void addMembers(const model::Group &group, unsigned index);

  // Connections.cpp
  std::optional<unsigned> connect(unsigned from, unsigned to, bool isSkip, ast::Range range,
                                  const ast::ConnectionOptions &options);
  void addConnections();
  void addChain(const ast::Chain &chain);
  void addSkip(const ast::Skip &skip);

  // Copies.cpp
  void addCopies();
  void addAverage(const ast::Average &average);
  void checkAverages();

  // Settings.cpp
  void addReliability(const ast::Reliability &setting);
  void addBudget(const ast::Budget &budget);
  void addRecipe(const ast::Train &train);
  void addSetting(const ast::Argument &setting);
  void addFailout(const ast::Expression &value);
  std::optional<model::Arguments> readCall(const ast::Expression &value,
                                           llvm::ArrayRef<Signature> known);

  llvm::ArrayRef<ast::File> files;
  Diagnostics &diagnostics;
  model::Network network;
  Constants constants;
  Expander expander;
  llvm::StringMap<model::Cause> causes; ///< nodes, links and groups by name
  Names constantNames, causeNames, inputNames, outputNames, settingNames, budgetNames,
      connectionNames;
  llvm::StringMap<ast::Range> exitNodes;
  std::vector<SkipGroup> groups;
  std::vector<std::pair<unsigned, ast::Range>> copies; ///< skips, and where they say 'copy'
  bool failedItems = false;                            ///< inputs or outputs
  bool notedUnnamed = false;                           ///< once is enough
};

} // namespace rnet
