// A network under all its failure patterns at once.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Analysis/Placement.h"

namespace rnet {

/// Computes what sets of candidates are worth, a pattern a lane: the compiler makes vector
/// instructions of it, and thousands of sets a second can be looked at. Keeps the problem.
class PatternTable {
public:
  /// Nothing where more than 16 nodes may fail, or the network is deeper than 30,000 layers.
  static std::optional<PatternTable> make(const PlacementProblem &problem);

  size_t patterns() const { return probabilities.size(); }
  /// The worth of the graph with these candidates.
  Worth evaluate(llvm::ArrayRef<unsigned> members);
  /// No less than the worth with further ones of `rest` that cost no more than `budget` together:
  /// bytes, or their number where the problem has no budget of bytes. The flow is that of the
  /// patterns each of which, by itself, some affordable way repairs; inputs and depth are those
  /// with all of `rest`.
  Worth bound(llvm::ArrayRef<unsigned> members, llvm::ArrayRef<unsigned> rest, double budget);

private:
  explicit PatternTable(const PlacementProblem &problem) : problem(&problem) {}

  /// The links into each node.
  struct Link {
    unsigned from;
    float cost; ///< to have it
  };
  void connect(llvm::ArrayRef<unsigned> members, llvm::ArrayRef<unsigned> rest);
  /// The least that patterns [begin, end) cost to repair, for each node.
  void computeCosts(size_t begin, size_t end);
  void computeDepths(size_t begin, size_t end);
  /// Whether the output hears of each node.
  void computeHeard(size_t begin, size_t end);
  /// The worth of no pattern at all.
  Worth nothing() const;
  /// What patterns [begin, end) add to a worth, those to which `counts` says yes.
  template <class Counts> void accumulate(Worth &worth, size_t begin, size_t end, Counts counts);

  /// Patterns that are computed together: their tables stay in the cache.
  static constexpr size_t kLanes = 1024;

  const PlacementProblem *problem;
  std::vector<double> probabilities;         ///< of each pattern
  std::vector<std::vector<int16_t>> upMasks; ///< of each node, all bits where it is up
  std::vector<llvm::SmallVector<Link, 4>> incoming;
  /// By node: 0 where it is not live, else 1 more than the layers on the deepest way to it.
  std::vector<std::array<int16_t, kLanes>> depths;
  std::vector<std::array<float, kLanes>> costs;
  /// By node: all bits where the output hears of it.
  std::vector<std::array<int16_t, kLanes>> heard;
  std::vector<unsigned> sources; ///< nodes with inputs
};

} // namespace rnet
