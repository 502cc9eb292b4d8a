// Which skip hyperconnections a network should have.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Place.h"

#include "Describe.h"
#include "Files.h"
#include "SkipCandidates.h"
#include "rnet/Analysis/Cost.h"
#include "rnet/Analysis/Placement.h"
#include "rnet/Grammars/Edit.h"

#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/WithColor.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;
using namespace rnet::tools;
namespace json = llvm::json;

namespace {

/// What the network is worth in a setting, as it is and as proposed; nothing where that cannot be
/// computed exactly.
struct Outlook {
  std::string setting;
  std::optional<Worth> before, after;
};

class Placer {
public:
  Placer(const std::string &path, Scheme scheme, const SpecOptions &options,
         const PlaceOptions &how)
      : path(path), scheme(scheme), how(how), spec(options) {}

  int run() {
    if (!spec.load(path, scheme) || !spec.compileNetwork(scheme) || !findSetting() ||
        !findCandidates() || !makeProblem())
      return 1;
    std::vector<unsigned> taken;
    if (!findTaken(taken))
      return 1;
    std::optional<Placement> found =
        taken.empty() ? rnet::place(problem) : rnet::propose(problem, std::move(taken));
    if (!found)
      return fail("'" + spec.getNetwork().getSymName() +
                  "' is too large: its information flow cannot be computed exactly");
    placement = std::move(*found);
    if (!propose())
      return 1;
    if (how.write && !placement.chosen.empty() && !writeText(path, proposal))
      return 1;
    if (how.json)
      llvm::outs() << llvm::formatv("{0:2}", describe()) << '\n';
    else
      print(llvm::outs());
    return 0;
  }

private:
  static int fail(const llvm::Twine &message) {
    llvm::WithColor::error() << message << '\n';
    return 1;
  }

  //===-- The problem -------------------------------------------------------------------------===//

  bool findSetting() {
    SmallVector<StringRef> known;
    for (auto setting : spec.getNetwork().getOps<ReliabilityOp>())
      known.push_back(setting.getName());
    if (llvm::is_contained(known, how.setting))
      return true;
    if (known.empty())
      fail("'" + spec.getNetwork().getSymName() + "' has no reliability setting");
    else
      fail("no reliability setting named '" + how.setting + "'" + suggest(how.setting, known) +
           "; there are " + llvm::join(known, ", "));
    return false;
  }

  bool findCandidates() {
    for (SkipCandidate &candidate : findSkipCandidates(spec))
      (candidate.reason.empty() ? candidates : leftOut).push_back(std::move(candidate));
    if (!candidates.empty())
      return true;
    fail("no skip hyperconnection can be added to '" + spec.getNetwork().getSymName() + "'" +
         (leftOut.empty() ? ": all that bypass a node are there" : ""));
    printLeftOut(llvm::errs());
    return false;
  }

  /// The candidates that the user names.
  bool findTaken(std::vector<unsigned> &taken) {
    SmallVector<std::string> known = llvm::map_to_vector(
        candidates, [](const SkipCandidate &candidate) { return candidate.name(); });
    for (const std::string &name : how.take) {
      auto found = llvm::find(known, name);
      if (found == known.end()) {
        auto omitted = llvm::find_if(leftOut, [&](auto &it) { return it.name() == name; });
        fail("'" + name + "' cannot be added to '" + spec.getNetwork().getSymName() + "': " +
             (omitted != leftOut.end()
                  ? omitted->reason
                  : "it is none of the candidates, " + llvm::join(known, ", ")));
        return false;
      }
      if (const auto candidate = static_cast<unsigned>(found - known.begin());
          !llvm::is_contained(taken, candidate))
        taken.push_back(candidate);
    }
    return true;
  }

  /// The network with some candidates, compiled. False, and diagnostics, where that fails.
  bool compileWith(ArrayRef<SkipCandidate> added, Spec &result, std::string &text) {
    std::vector<std::string> items;
    for (const SkipCandidate &candidate : added)
      items.push_back(candidate.text);
    text = *insertSkips(spec.getFile(), spec.getText(), items); // there is one that is bypassed
    return result.load(path, text, scheme) && result.compileNetwork(scheme);
  }

  /// Reads the problem off the network that has all candidates: their bytes are what they will be.
  bool makeProblem() {
    Spec full(quiet);
    std::string text;
    if (!compileWith(candidates, full, text))
      return false;
    NetworkOp network = full.getNetwork();
    llvm::StringMap<size_t> numbers;
    for (auto [number, candidate] : llvm::enumerate(candidates))
      numbers[candidate.name()] = number;
    const NetworkFlow flow = getFlow(network);
    problem = describeNetwork(network, flow, how.setting);
    problem.candidates.resize(candidates.size());
    problem.bytes = how.bytes;
    problem.count = how.count;
    problem.mayStill.assign(problem.graph.size(), std::numeric_limits<int64_t>::max());
    for (auto [node, vertex] : llvm::zip_equal(network.getOps<NodeOp>(), flow.nodes)) {
      vertices[node.getName()] = vertex;
      for (auto budget : network.getOps<BudgetOp>())
        if (budget.getNode() == node.getName() && budget.getKind() == BudgetKind::Sent)
          problem.mayStill[vertex] = static_cast<int64_t>(budget.getBytes());
    }
    std::vector<FlowGraph::Link> &links = problem.graph.links;
    llvm::DenseSet<size_t> added; // links of candidates
    for (auto [number, connection] : llvm::enumerate(network.getOps<HyperconnectionOp>())) {
      const unsigned sender = vertices.lookup(connection.getSender().getName());
      const int64_t bytes = getBytes(connection);
      if (auto found = numbers.find(connection.getName()); found != numbers.end()) {
        const size_t first = findFirstLink(number, sender);
        problem.candidates[found->second] = {links[first], bytes};
        added.insert(first);
      } else if (problem.mayStill[sender] != std::numeric_limits<int64_t>::max()) {
        problem.mayStill[sender] -= bytes;
      }
    }
    std::vector<FlowGraph::Link> there;
    for (auto [number, link] : llvm::enumerate(links))
      if (!added.contains(number))
        there.push_back(link);
    links = std::move(there);
    return isAnyAffordable();
  }

  /// Of what a hyperconnection is in the graph, a link to the receiver, or one to its route and one
  /// from there: the link that leaves the sender. Without it nothing goes that way.
  size_t findFirstLink(size_t hyperconnection, unsigned sender) const {
    ArrayRef<FlowGraph::Link> links = problem.graph.links;
    const unsigned route = links[hyperconnection].from;
    if (route == sender)
      return hyperconnection;
    return llvm::find_if(links, [&](auto &link) { return link.to == route; }) - links.begin();
  }

  bool isAnyAffordable() {
    const size_t cheapest =
        llvm::min_element(problem.candidates, [](auto &a, auto &b) { return a.bytes < b.bytes; }) -
        problem.candidates.begin();
    if (how.bytes && problem.candidates[cheapest].bytes > *how.bytes) {
      fail("no candidate fits in " + spellBudget() + ": the cheapest, '" +
           candidates[cheapest].text + "', sends " + grouped(problem.candidates[cheapest].bytes) +
           " bytes");
      return false;
    }
    if (llvm::none_of(problem.candidates, [&](auto &candidate) {
          return candidate.bytes <= problem.mayStill[candidate.link.from] &&
                 candidate.bytes <= how.bytes.value_or(candidate.bytes);
        })) {
      fail("no candidate fits in " + spellBudget() + " and in what its node may send");
      return false;
    }
    return true;
  }

  static PlacementProblem describeNetwork(NetworkOp network, const NetworkFlow &flow,
                                          StringRef setting) {
    PlacementProblem result;
    result.graph = flow.graph;
    result.depths.resize(result.graph.size());
    for (auto [node, vertex] : llvm::zip_equal(network.getOps<NodeOp>(), flow.nodes))
      result.depths[vertex] = getDepth(node);
    for (auto op : network.getOps<ReliabilityOp>())
      if (op.getName() == setting)
        result.up = getReliability(flow, op);
    result.mayStill.resize(result.graph.size());
    return result;
  }

  //===-- The proposal ------------------------------------------------------------------------===//

  /// Compiles what is proposed, budgets of the nodes included, and looks at it in all settings.
  bool propose() {
    std::vector<unsigned> sorted = placement.chosen;
    llvm::sort(sorted);
    std::vector<SkipCandidate> added;
    for (unsigned candidate : sorted)
      added.push_back(candidates[candidate]);
    Spec after(quiet);
    if (!compileWith(added, after, proposal))
      return false;
    diff = unifiedDiff(path, spec.getText(), proposal);
    const auto judgeIn = [](NetworkOp network, ReliabilityOp setting) {
      return judge(describeNetwork(network, getFlow(network), setting.getName()));
    };
    for (auto setting : spec.getNetwork().getOps<ReliabilityOp>())
      outlooks.push_back({setting.getName().str(), judgeIn(spec.getNetwork(), setting),
                          judgeIn(after.getNetwork(), setting)});
    if (!after.compileInference(scheme)) {
      fail("the proposal breaks the budget of a node:\n" + diff);
      return false;
    }
    return true;
  }

  //===-- What is said ------------------------------------------------------------------------===//

  std::string spellBudget() const {
    std::string text;
    if (how.bytes)
      text = "bytes=" + std::to_string(*how.bytes);
    if (how.count)
      text += (text.empty() ? "" : ", ") + ("count=" + std::to_string(*how.count));
    return text;
  }
  static std::string spell(std::optional<double> value, int digits) {
    if (!value)
      return "-";
    return digits == 6 ? llvm::formatv("{0:F6}", *value).str()
                       : llvm::formatv("{0:F2}", *value).str();
  }
  static std::optional<double> inputsOf(const std::optional<Worth> &worth) {
    return worth ? worth->inputs : std::nullopt;
  }
  static std::optional<double> depthOf(const std::optional<Worth> &worth) {
    return worth ? worth->depth : std::nullopt;
  }
  static std::optional<double> flowOf(const std::optional<Worth> &worth) {
    return worth ? std::optional(worth->flow) : std::nullopt;
  }
  /// How much more flow another choice may have at most.
  double gap() const { return std::max(0.0, placement.bound.flow - placement.worths.back().flow); }
  double flowGain(size_t k) const {
    return std::max(0.0, placement.worths[k + 1].flow - placement.worths[k].flow);
  }
  std::optional<double> gain(size_t k, std::optional<double> Worth::*part) const {
    const std::optional<double> before = placement.worths[k].*part;
    return before ? std::optional(*(placement.worths[k + 1].*part) - *before) : std::nullopt;
  }
  /// Several nodes have inputs, and how many are heard was computed.
  bool saysInputs() const { return placement.worths.front().inputs.has_value(); }
  /// What decides between choices that let as much information flow.
  std::string tieBreakers() const {
    return !placement.worths.front().depth ? "" : saysInputs() ? "inputs, then depth" : "depth";
  }

  void print(llvm::raw_ostream &out);
  void printChosen(llvm::raw_ostream &out);
  void printLeftOut(llvm::raw_ostream &out);
  std::string explain();
  json::Value describe();

  const std::string &path;
  Scheme scheme;
  const PlaceOptions &how;
  Spec spec;
  /// The spec itself is checked as always; what is made of it says nothing twice.
  const SpecOptions quiet = withoutWarnings();
  std::vector<SkipCandidate> candidates, leftOut;
  PlacementProblem problem;
  llvm::StringMap<unsigned> vertices; ///< of the nodes
  Placement placement;
  std::string proposal, diff; ///< the spec's text with what is chosen
  std::vector<Outlook> outlooks;
};

} // namespace

/// What decided, and how sure that is.
std::string Placer::explain() {
  std::string text;
  llvm::raw_string_ostream out(text);
  const Worth &last = placement.worths.back();
  if (!how.take.empty())
    return "flow decided nothing\n";
  out << (placement.isExact ? "exact: " : "greedy: ") << grouped(placement.looked) << " sets of "
      << candidates.size() << (candidates.size() == 1 ? " candidate" : " candidates")
      << " looked at; ";
  if (placement.isExact)
    out << "no other within the budget is better\n";
  else if (gap() <= 1e-11 && last.depth)
    out << "no set within the budget has more flow"
        << (saysInputs() ? llvm::formatv(", more inputs than {0:F2}", *placement.bound.inputs).str()
                         : "")
        << llvm::formatv(", or more depth than {0:F2}\n", *placement.bound.depth);
  else
    out << llvm::formatv("no set within the budget has more flow than {0:F6}, {1:F6} more\n",
                         placement.bound.flow, gap());
  if (placement.chosen.empty()) {
    out << "nothing is proposed: no candidate raises the information flow"
        << (saysInputs() ? ", the inputs that are heard,"
            : last.depth ? ","
                         : "")
        << (last.depth ? " or the depth of what still answers\n" : "\n");
    return text;
  }
  size_t raising = 0;
  while (raising < placement.chosen.size() && flowGain(raising) > 1e-11)
    ++raising;
  if (raising < placement.chosen.size())
    out << (raising == 0 ? "the information flow does not rise"
                         : "after the first" + (raising == 1 ? "" : " " + std::to_string(raising)) +
                               " the information flow does not rise any more")
        << ": " << tieBreakers() << " decided\n";
  for (auto [candidate, equals] : llvm::zip_equal(placement.chosen, placement.equals))
    if (equals > 0)
      out << "in place of '" << candidates[candidate].text << "', " << equals
          << (equals == 1 ? " other candidate lets" : " other candidates let")
          << " as much information flow: "
          << (last.depth ? tieBreakers() + ", then bytes" : std::string("bytes")) << " decided\n";
  return text;
}

void Placer::printChosen(llvm::raw_ostream &out) {
  size_t width = 24;
  for (unsigned candidate : placement.chosen)
    width = std::max(width, candidates[candidate].text.size());
  out << llvm::left_justify("proposed", width) << "       bytes   flow gain        flow"
      << (saysInputs() ? "  inputs gain      inputs" : "") << "  depth gain       depth\n";
  for (auto [k, candidate] : llvm::enumerate(placement.chosen))
    out << llvm::left_justify(candidates[candidate].text, width)
        << llvm::right_justify(grouped(problem.candidates[candidate].bytes), 12)
        << llvm::right_justify(spell(flowGain(k), 6), 12)
        << llvm::right_justify(spell(placement.worths[k + 1].flow, 6), 12)
        << (saysInputs() ? llvm::formatv("{0,13}{1,12}", spell(gain(k, &Worth::inputs), 2),
                                         spell(placement.worths[k + 1].inputs, 2))
                               .str()
                         : "")
        << llvm::right_justify(spell(gain(k, &Worth::depth), 2), 12)
        << llvm::right_justify(spell(placement.worths[k + 1].depth, 2), 12) << '\n';
}

void Placer::printLeftOut(llvm::raw_ostream &out) {
  constexpr size_t most = 10;
  for (const SkipCandidate &candidate : llvm::ArrayRef(leftOut).take_front(most))
    out << "left out: " << candidate.from << " -> " << candidate.to << ": " << candidate.reason
        << '\n';
  if (leftOut.size() > most)
    out << "left out: " << leftOut.size() - most << " more\n";
}

void Placer::print(llvm::raw_ostream &out) {
  out << spec.getNetwork().getSymName() << ", scheme " << spellScheme(scheme)
      << ": skip hyperconnections " << (how.take.empty() ? "within " + spellBudget() : "as told")
      << ", for '" << how.setting << "'\n\n";
  if (!placement.chosen.empty()) {
    printChosen(out);
    out << '\n';
  }
  out << explain();
  printLeftOut(out);
  out << "\nsetting           information flow: now    proposed"
      << (saysInputs() ? "  inputs: now    proposed" : "") << "  depth: now    proposed\n";
  for (const Outlook &outlook : outlooks)
    out << llvm::left_justify(outlook.setting, 16)
        << llvm::right_justify(spell(flowOf(outlook.before), 6), 23)
        << llvm::right_justify(spell(flowOf(outlook.after), 6), 12)
        << (saysInputs() ? llvm::formatv("{0,13}{1,12}", spell(inputsOf(outlook.before), 2),
                                         spell(inputsOf(outlook.after), 2))
                               .str()
                         : "")
        << llvm::right_justify(spell(depthOf(outlook.before), 2), 12)
        << llvm::right_justify(spell(depthOf(outlook.after), 2), 12) << '\n';
  if (!diff.empty())
    out << '\n' << diff;
  if (how.write && !diff.empty())
    out << '\n' << "written to " << path << '\n';
}

json::Value Placer::describe() {
  auto optional = [](std::optional<double> value) {
    return value ? json::Value(*value) : json::Value(nullptr);
  };
  json::Object budget;
  if (how.bytes)
    budget["bytes"] = *how.bytes;
  if (how.count)
    budget["count"] = *how.count;
  json::Array proposed, omitted;
  for (auto [k, candidate] : llvm::enumerate(placement.chosen)) {
    const SkipCandidate &skip = candidates[candidate];
    proposed.push_back(json::Object{{"skip", skip.text},
                                    {"from", skip.from},
                                    {"to", skip.to},
                                    {"projection", skip.projection},
                                    {"bytes", problem.candidates[candidate].bytes},
                                    {"flow_gain", flowGain(k)},
                                    {"inputs_gain", optional(gain(k, &Worth::inputs))},
                                    {"depth_gain", optional(gain(k, &Worth::depth))},
                                    {"equals_in_flow", placement.equals[k]}});
  }
  for (const SkipCandidate &skip : leftOut)
    omitted.push_back(json::Object{{"from", skip.from}, {"to", skip.to}, {"reason", skip.reason}});
  json::Array all;
  for (auto [skip, costs] : llvm::zip_equal(candidates, problem.candidates))
    all.push_back(json::Object{{"skip", skip.text},
                               {"from", skip.from},
                               {"to", skip.to},
                               {"projection", skip.projection},
                               {"bytes", costs.bytes}});
  json::Object maySend;
  for (const auto &[name, vertex] : vertices)
    if (const int64_t bytes = problem.mayStill[vertex];
        bytes != std::numeric_limits<int64_t>::max())
      maySend[name] = bytes;
  json::Object settings;
  for (const Outlook &outlook : outlooks)
    settings[outlook.setting] = json::Object{{"flow_before", optional(flowOf(outlook.before))},
                                             {"flow_after", optional(flowOf(outlook.after))},
                                             {"inputs_before", optional(inputsOf(outlook.before))},
                                             {"inputs_after", optional(inputsOf(outlook.after))},
                                             {"depth_before", optional(depthOf(outlook.before))},
                                             {"depth_after", optional(depthOf(outlook.after))}};
  return json::Object{{"schema", 1},
                      {"network", spec.getNetwork().getSymName()},
                      {"scheme", spellScheme(scheme)},
                      {"setting", how.setting},
                      {"budget", std::move(budget)},
                      {"exact", placement.isExact},
                      {"sets", placement.looked},
                      {"bound", placement.bound.flow},
                      {"gap", gap()},
                      {"candidates", std::move(all)},
                      {"left_out", std::move(omitted)},
                      {"may_send", std::move(maySend)},
                      {"proposed", std::move(proposed)},
                      {"settings", std::move(settings)},
                      {"diff", diff}};
}

int tools::place(const std::string &path, Scheme scheme, const SpecOptions &options,
                 const PlaceOptions &how) {
  return Placer(path, scheme, options, how).run();
}
