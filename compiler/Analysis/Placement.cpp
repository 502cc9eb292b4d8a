// Which skip hyperconnections a network should have.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Analysis/Placement.h"

#include "PatternTable.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/STLExtras.h"

#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_set>

using namespace mlir;
using namespace rnet;

unsigned rnet::getDepth(NodeOp node) {
  llvm::DenseMap<Value, unsigned> depths;
  for (Operation &op : node.getBody().front()) {
    auto layer = dyn_cast<LayerOpInterface>(op);
    unsigned depth = 0;
    // What stands before the mux are projections.
    if (!isa<MuxOp>(op))
      for (Value operand : op.getOperands())
        depth = std::max(depth, depths.lookup(operand));
    if (layer) {
      SmallVector<ArrayRef<int64_t>> inputs;
      for (Value operand : op.getOperands())
        inputs.push_back(getRowShape(operand.getType()));
      depth += llvm::any_of(layer.getParameterUses(inputs),
                            [](const ParameterUse &use) { return use.shape.size() > 1; });
    }
    for (Value result : op.getResults())
      depths[result] = depth;
  }
  return depths.lookup(node.getYield().getResults().front());
}

int Worth::compare(const Worth &a, const Worth &b) {
  // Sums over patterns round.
  if (std::abs(a.flow - b.flow) > 1e-11)
    return a.flow > b.flow ? 1 : -1;
  for (auto part : {&Worth::inputs, &Worth::depth})
    if (const double more = (a.*part).value_or(0) - (b.*part).value_or(0); std::abs(more) > 1e-9)
      return more > 0 ? 1 : -1;
  return 0;
}

namespace {

constexpr int64_t kUnlimited = std::numeric_limits<int64_t>::max();

/// A set of candidates.
struct Choice {
  std::vector<unsigned> members;
  Worth worth;
  int64_t bytes = 0;

  bool isBetterThan(const Choice &other) const {
    if (const int order = Worth::compare(worth, other.worth))
      return order > 0;
    if (bytes != other.bytes)
      return bytes < other.bytes;
    auto sorted = [](std::vector<unsigned> list) {
      llvm::sort(list);
      return list;
    };
    return sorted(members) < sorted(other.members);
  }
};

class Search {
public:
  Search(const PlacementProblem &problem, uint64_t work)
      : problem(problem), work(work), table(PatternTable::make(problem)),
        bytesLeft(problem.bytes.value_or(kUnlimited)),
        countLeft(problem.count.value_or(kUnlimited)), mayStill(problem.mayStill) {}

  std::optional<Placement> run() {
    if (!evaluate())
      return std::nullopt;
    all.resize(problem.candidates.size());
    std::iota(all.begin(), all.end(), 0);
    Placement result;
    result.bound = most = bound(all);
    best = current;
    chooseGreedily(/*perByte=*/true);
    chooseGreedily(/*perByte=*/false);
    swapOne();
    orderByWorth();
    evaluate();
    branch(0, current.worth.flow);
    result.isExact = work > 0;
    result.looked = looked.size();
    if (result.isExact)
      result.bound = best.worth;
    report(best.members, result);
    return result;
  }

  std::optional<Placement> propose(std::vector<unsigned> chosen) {
    if (!evaluate())
      return std::nullopt;
    Placement result;
    result.worths.push_back(current.worth);
    for (unsigned candidate : chosen) {
      take(candidate);
      evaluate();
      result.worths.push_back(current.worth);
    }
    result.bound = current.worth;
    result.chosen = std::move(chosen);
    result.equals.resize(result.chosen.size());
    return result;
  }

  /// The flow as `rnet analyze` computes it, to the last bit.
  std::optional<Worth> judge() {
    auto live = computeLive(problem.graph, problem.up);
    if (!live || !evaluate())
      return std::nullopt;
    return Worth{(*live)[problem.graph.output], current.worth.inputs, current.worth.depth};
  }

private:
  //===-- The current choice ------------------------------------------------------------------===//

  const PlacementProblem::Candidate &at(unsigned candidate) const {
    return problem.candidates[candidate];
  }
  bool fits(unsigned candidate) const {
    const auto &[link, bytes] = at(candidate);
    return countLeft > 0 && bytes <= bytesLeft && bytes <= mayStill[link.from];
  }
  void take(unsigned candidate) { change(candidate, 1); }
  /// The one that was taken last.
  void giveBack() { change(current.members.back(), -1); }
  void change(unsigned candidate, int sign) {
    const auto &[link, bytes] = at(candidate);
    current.bytes += sign * bytes;
    key ^= static_cast<size_t>(llvm::hash_value(candidate));
    if (bytesLeft != kUnlimited)
      bytesLeft -= sign * bytes;
    if (countLeft != kUnlimited)
      countLeft -= sign;
    if (mayStill[link.from] != kUnlimited)
      mayStill[link.from] -= sign * bytes;
    if (sign > 0)
      current.members.push_back(candidate);
    else
      current.members.pop_back();
  }
  void clear() {
    while (!current.members.empty())
      giveBack();
  }

  void spend(uint64_t steps) { work -= std::min(work, steps); }

  FlowGraph graphWith(ArrayRef<unsigned> candidates) const {
    FlowGraph graph = problem.graph;
    for (unsigned candidate : candidates)
      graph.links.push_back(at(candidate).link);
    return graph;
  }

  /// Sets the worth of the current choice. False where it cannot be computed.
  bool evaluate() {
    looked.insert(key);
    spend(table ? table->patterns() : 1 << 14);
    if (table) {
      current.worth = table->evaluate(current.members);
      return true;
    }
    auto live = computeLive(graphWith(current.members), problem.up);
    current.worth.flow = live ? (*live)[problem.graph.output] : 0;
    return live.has_value();
  }
  void consider() {
    if (evaluate() && current.isBetterThan(best))
      best = current;
  }

  /// No choice of some candidates beside the current ones is worth more than this. `flow`: that of
  /// the current choice, where it is known.
  Worth bound(ArrayRef<unsigned> rest, double flow = 0) {
    std::vector<unsigned> affordable;
    llvm::copy_if(rest, std::back_inserter(affordable), [&](unsigned c) { return fits(c); });
    // Where the flow cannot rise any more, what all of them give beside it is all there is to ask.
    if (table && flow > most.flow - 1e-11) {
      llvm::append_range(affordable, current.members);
      spend(table->patterns());
      Worth worth = table->evaluate(affordable);
      worth.flow = flow;
      return worth;
    }
    spend(table ? 4 * table->patterns() : 1 << 14);
    if (table)
      return table->bound(current.members, affordable,
                          problem.bytes ? static_cast<double>(bytesLeft)
                                        : static_cast<double>(countLeft));
    llvm::append_range(affordable, current.members);
    if (auto live = computeLive(graphWith(affordable), problem.up, 1 << 14))
      return {(*live)[problem.graph.output], {}, {}};
    // Any source that is up reaches the output.
    double none = 1;
    for (unsigned node = 0; node < problem.graph.size(); ++node)
      if (problem.graph.sources[node] && node != problem.graph.output)
        none *= 1 - problem.up[node];
    const bool isSource = problem.graph.sources[problem.graph.output];
    return {problem.up[problem.graph.output] * (isSource ? 1 : 1 - none), {}, {}};
  }

  //===-- Greedy ------------------------------------------------------------------------------===//

  /// Adds to the current choice what gains most, as long as something gains.
  void chooseGreedily(bool perByte) {
    clear();
    evaluate();
    for (;;) {
      const Worth before = current.worth;
      std::optional<unsigned> most;
      Worth mostGain;
      for (unsigned candidate : all) {
        if (!fits(candidate) || llvm::is_contained(current.members, candidate))
          continue;
        take(candidate);
        if (evaluate()) {
          const double cost =
              perByte && problem.bytes ? static_cast<double>(at(candidate).bytes) : 1;
          auto gained = [&](std::optional<double> Worth::*part) {
            return ((current.worth.*part).value_or(0) - (before.*part).value_or(0)) / cost;
          };
          const Worth gain{(current.worth.flow - before.flow) / cost, gained(&Worth::inputs),
                           gained(&Worth::depth)};
          if (Worth::compare(current.worth, before) > 0 &&
              (!most || Worth::compare(gain, mostGain) > 0)) {
            most = candidate;
            mostGain = gain;
          }
          if (current.isBetterThan(best))
            best = current;
        }
        giveBack();
      }
      if (!most)
        return;
      take(*most);
      consider();
    }
  }

  /// Exchanges one candidate of the best choice for another as long as that makes it better.
  void swapOne() {
    for (bool changed = true; changed && work > 0;) {
      changed = false;
      const std::vector<unsigned> members = best.members;
      for (unsigned out : members) {
        clear();
        for (unsigned member : members)
          if (member != out)
            take(member);
        for (unsigned in : all) {
          if (work == 0)
            return;
          if (llvm::is_contained(members, in) || !fits(in))
            continue;
          const Choice before = best;
          take(in);
          consider();
          giveBack();
          changed |= best.isBetterThan(before);
        }
      }
    }
  }

  //===-- Branch and bound --------------------------------------------------------------------===//

  /// What is worth more alone is tried first: good choices found early cut off more of the others.
  void orderByWorth() {
    clear();
    std::vector<Worth> alone;
    for (unsigned candidate : all) {
      alone.emplace_back();
      if (!fits(candidate))
        continue;
      take(candidate);
      if (evaluate())
        alone.back() = current.worth;
      giveBack();
    }
    llvm::erase_if(all, [&](unsigned candidate) { return !fits(candidate); });
    llvm::stable_sort(
        all, [&](unsigned a, unsigned b) { return Worth::compare(alone[a], alone[b]) > 0; });
  }

  /// Candidates from `next` on, beside the current choice, could be better than the best.
  bool isPromising(size_t next, double flow) {
    const auto rest = ArrayRef(all).drop_front(next);
    int64_t cheapest = kUnlimited;
    for (unsigned candidate : rest)
      if (fits(candidate))
        cheapest = std::min(cheapest, at(candidate).bytes);
    if (cheapest == kUnlimited)
      return false;
    const int order = Worth::compare(bound(rest, flow), best.worth);
    return order > 0 || (order == 0 && current.bytes + cheapest <= best.bytes);
  }

  /// Looks at all sets of the current choice, whose flow is known, and candidates from `next` on.
  void branch(size_t next, double flow) {
    for (size_t k = next; k < all.size() && work > 0; ++k) {
      if (!fits(all[k]))
        continue;
      // The last candidate that can be taken: to look is as cheap as to ask.
      if ((k == next || countLeft > 1) && !isPromising(k, flow))
        return;
      take(all[k]);
      consider();
      branch(k + 1, current.worth.flow);
      giveBack();
    }
  }

  /// Lists the members so that each adds the most to those before it.
  void report(std::vector<unsigned> members, Placement &result) {
    clear();
    evaluate();
    result.worths.push_back(current.worth);
    llvm::sort(members);
    while (!members.empty()) {
      Choice most;
      for (unsigned candidate : members) {
        take(candidate);
        evaluate();
        if (most.members.empty() || Worth::compare(current.worth, most.worth) > 0)
          most = current;
        giveBack();
      }
      take(most.members.back());
      result.worths.push_back(most.worth);
      llvm::erase(members, most.members.back());
    }
    result.chosen = current.members;
    countEquals(result);
  }
  void countEquals(Placement &result) {
    const double flow = result.worths.back().flow;
    for (unsigned out : result.chosen) {
      clear();
      for (unsigned member : result.chosen)
        if (member != out)
          take(member);
      result.equals.push_back(0);
      for (unsigned in : all) {
        if (llvm::is_contained(result.chosen, in) || !fits(in))
          continue;
        take(in);
        if (evaluate() && Worth::compare({current.worth.flow, {}, {}}, {flow, {}, {}}) == 0)
          ++result.equals.back();
        giveBack();
      }
    }
  }

  const PlacementProblem &problem;
  uint64_t work;
  size_t key = 0;                    ///< of the current set: its members' hashes together
  std::unordered_set<size_t> looked; ///< keys of sets whose worth was computed
  std::optional<PatternTable> table;
  std::vector<unsigned> all; ///< candidates that fit
  int64_t bytesLeft, countLeft;
  std::vector<int64_t> mayStill;
  Choice current, best;
  Worth most{1, {}, {}}; ///< no set within the budget is worth more
};

} // namespace

std::optional<Placement> rnet::place(const PlacementProblem &problem, uint64_t work) {
  return Search(problem, work).run();
}

std::optional<Placement> rnet::propose(const PlacementProblem &problem,
                                       std::vector<unsigned> chosen) {
  return Search(problem, 0).propose(std::move(chosen));
}

std::optional<Worth> rnet::judge(const PlacementProblem &problem) {
  return Search(problem, 0).judge();
}
