// A spec on its way from file to IR, with the one place where its diagnostics are printed.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"
#include "rnet/Grammars/Model.h"

#include "llvm/Support/SourceMgr.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlir {
class OpPassManager;
}

namespace rnet::tools {

struct SpecOptions {
  std::vector<std::string> disabledWarnings; ///< ids
  /// Ablations: skips to add, as a spec would say them; by the names of hyperconnections, skips to
  /// leave out and weights instead of the spec's.
  std::vector<std::string> with;
  std::vector<std::string> without;
  std::map<std::string, double> weights;
  std::string projectSkips; ///< what every skip that has no projection gets: linear, copy; or empty
  bool averages = false;    ///< of all simple hyperconnections that may have one and may be missing
  bool noBudgets = false;   ///< nodes may take and send what they like
};

/// Errors alone: for what is made of a spec whose warnings are said elsewhere.
SpecOptions withoutWarnings();

/// Every step returns false where it failed; its diagnostics are then on stderr.
class Spec {
public:
  explicit Spec(const SpecOptions &options);
  ~Spec();

  /// Reads and parses this file alone.
  bool parse(const std::string &path);
  /// Reads, parses and checks, imports included; warnings count for `scheme`.
  bool load(const std::string &path, ir::Scheme scheme);
  /// The same where the file at `path` had this text.
  bool load(const std::string &path, llvm::StringRef text, ir::Scheme scheme);
  /// Imports and runs what training and inference share.
  bool compileNetwork(ir::Scheme scheme);
  /// Goes on to what the reference interpreter runs: still a network.
  bool compileInterpreted(ir::Scheme scheme);
  /// Goes on to the node programs of inference, budgets checked.
  bool compileInference(ir::Scheme scheme);
  /// Goes on to the node programs, inference and training.
  bool compilePrograms(ir::Scheme scheme);

  const ast::File &getFile() const;
  /// The files that were read: the spec first, then what it imports. Paths as they were opened.
  std::vector<const llvm::MemoryBuffer *> getSources() const;
  llvm::StringRef getText() const;
  const model::Network &getModel() const;
  mlir::ModuleOp getModule() const;
  NetworkOp getNetwork() const;

private:
  bool read(const std::string &path);
  bool take(std::unique_ptr<llvm::MemoryBuffer> text);
  bool checkAll(ir::Scheme scheme);
  /// By compileNetwork and this pipeline behind it.
  bool compileFurther(ir::Scheme scheme, void (*build)(mlir::OpPassManager &passes));
  /// The text of the file at `path` with the skips, averages and projections that the options add.
  std::optional<std::string> extend(const std::string &path);
  std::optional<std::string> addAverages(const std::string &path, const std::string &text);
  std::optional<std::string> addCopies(const std::string &path, const std::string &text);
  std::optional<std::string> addProjections(const std::string &path, const std::string &text);

  struct State;
  std::unique_ptr<State> state;
};

} // namespace rnet::tools
