// Layers written out: blocks called, lists cut, repeats unrolled, all of them named.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "Layers.h"
#include "Names.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace rnet {

/// The projection that has the layers of what a skip bypasses: `project copy`.
inline constexpr llvm::StringRef kCopy = "copy";

/// Declare all blocks and lists first. The tree must outlive the expander.
class Expander {
public:
  Expander(const Constants &constants, Diagnostics &diagnostics)
      : constants(constants), diagnostics(diagnostics) {}

  void declareBlock(const ast::Block &spec);
  void declareList(const ast::List &spec);
  /// Writes out all lists, so that nodes can be cut from them.
  void expandLists();

  std::vector<model::Layer> expandNode(const ast::Node &node);
  /// `from`: the sender's name; `connection`: the hyperconnection's.
  std::vector<model::Layer> expandProjection(const ast::ConnectionOptions &options,
                                             const std::string &from,
                                             const std::string &connection);

  /// `layers`: those of its node, whose names are taken.
  std::vector<model::Layer> expandExit(const ast::Exit &exit,
                                       const std::vector<model::Layer> &layers);

  struct Original {
    std::string prefix; ///< of the copies' names
    const std::vector<model::Layer> *layers;
  };
  /// Layers that copy others, one list behind the other. `path` stands before the paths of those,
  /// and `word` is what asks for it.
  std::vector<model::Layer> copy(llvm::ArrayRef<Original> originals, const std::string &path,
                                 ast::Range word);

  /// Warns of layers of lists that no node uses, where others use the rest.
  void warnUnused();

private:
  struct Block {
    const ast::Block *spec;
    Names parameters;
    bool isOpen = false; ///< being written out
    bool isUsed = false; ///< was written out, or began to be
  };
  /// An item of a list, and the slice that took it.
  struct ListItem {
    ast::Range range;
    std::vector<model::Layer> layers;
    std::optional<ast::Range> taken;
  };
  struct List {
    const ast::List *spec;
    std::vector<ListItem> items;
  };
  /// Where layers are written to: a node, a list, a block, a branch.
  struct Scope {
    std::string path, prefix; ///< what stands before the names of members, "." and "_" included
    const Constants &constants;
    std::optional<ast::Range> call; ///< in a node or list, where the scope is in a block
    llvm::StringMap<unsigned> counts = {};
    Names names = {};
  };
  using Layers = std::vector<model::Layer>;

  /// Calls `action` for each item but repeats, as often as they say, with the suffix of its label.
  void unroll(const ast::Body &body, const Constants &constants, const std::string &suffix,
              llvm::function_ref<void(const ast::LayerItem &, const std::string &suffix)> action);
  void expand(const ast::Body &body, Scope &scope, Layers &layers);
  void expandItem(const ast::LayerItem &item, const std::string &suffix, Scope &scope,
                  Layers &layers);
  void expandCall(const ast::Layer &spec, const std::string &name, const Scope &scope,
                  Layers &layers);
  void expandBlock(Block &block, const ast::Layer &spec, Scope scope, Layers &layers);
  void expandBranches(const ast::Branches &spec, const std::string &name, const Scope &scope,
                      Layers &layers);
  void copy(const Layers &originals, const std::string &prefix, const std::string &path,
            ast::Range word, Layers &copies);
  void addLayer(model::Layer layer, ast::Range range, const Scope &scope, Layers &layers);
  Layers cut(const ast::Slice &slice);
  void checkNames(const Layers &layers, Names &names);

  static bool isUsed(const List &list);
  /// Behind a report of an unknown name: notes some of what is declared and was not used so far,
  /// since one of them may be what was meant.
  template <class Declared, class IsUsed>
  void noteUnused(const llvm::StringMap<Declared> &declared, IsUsed isUsed, llvm::StringRef use);

  /// False from the moment on where too much has been written out.
  bool spend(size_t cost, ast::Range range);

  const Constants &constants;
  Diagnostics &diagnostics;
  llvm::StringMap<Block> blocks;
  llvm::StringMap<List> lists;
  Names blockNames, listNames;
  std::vector<List *> order;
  size_t spent = 0;
  unsigned depth = 0;
};

} // namespace rnet
