// What a spec means: names resolved, constants evaluated, blocks, lists and repeats written out.
// Made by the checker, read by the importer. SPDX-License-Identifier: Apache-2.0 WITH
// LLVM-exception
#pragma once

#include "rnet/Grammars/Diagnostics.h"

#include <compare>
#include <map>

namespace rnet::model {

/// Arguments by name, defaults filled in. What may be left out and has no default is not here.
struct Arguments {
  std::map<std::string, double> numbers;             ///< reals and counts; flags as 0 or 1
  std::map<std::string, std::string> words;          ///< activation; padding: same, valid or pad
  std::map<std::string, std::vector<int64_t>> sizes; ///< kernel and stride: height, width; shape;
                                                     ///< padding where its word is pad: top,
                                                     ///< bottom, left, right
};

/// One layer of a node, or of a projection. Kinds are those of grammars/lib/Layers.cpp, "residual"
/// and "concat".
struct Layer : Arguments {
  std::string name; ///< unique within its node, and an identifier: dense1, relu6_1, hidden,
                    ///< separable3_conv1
  std::string path; ///< prefix of its parameters' names: edge.dense1, body.separable3.conv1
  std::string kind;
  std::string original; ///< the path of the layer that it copies; empty where it copies none
  /// residual: one branch, to whose result the input is added, or two, whose results are added;
  /// concat: two or more. A branch without layers hands its input on.
  std::vector<std::vector<Layer>> branches;
  ast::Range range;                ///< its text; for a layer of a block, where the block is called
  std::optional<ast::Range> inner; ///< its text in the block
};

/// Limits of a node, in bytes.
struct Budget {
  struct Limit {
    double bytes;
    ast::Range range;
  };
  std::optional<Limit> memory; ///< weights and activations of inference
  std::optional<Limit> sent;   ///< an inference, by all its hyperconnections together
};

struct Node {
  const ast::Node *spec;
  std::vector<Layer> layers;
  std::vector<unsigned> incoming, outgoing; ///< hyperconnections, in the order of the spec
  std::vector<unsigned> inputs;             ///< network inputs at this node
  std::vector<unsigned> groups;             ///< that hold it
  bool failable = false;                    ///< by itself
  std::optional<Budget> budget;
  std::string element = {}; ///< of its weights in inference: bf16 or int8; empty: f32
};

/// A physical link, a bus or a switch.
struct Link {
  const ast::Link *spec;
  std::vector<unsigned> nodes;  ///< that it joins, in the order of the spec
  std::vector<unsigned> groups; ///< that hold it
  bool failable = false;        ///< by itself
};

/// What fails together.
struct Group {
  const ast::Group *spec;
  bool failable = false;
};

/// What may fail, by its place among those of its kind.
struct Cause {
  enum class Kind { node, link, group } kind;
  unsigned index;
  auto operator<=>(const Cause &) const = default;
};

/// The physical way of a hyperconnection.
struct Route {
  std::vector<unsigned> links;  ///< none where the network has none: then it is its own
  std::vector<unsigned> relays; ///< the node behind each link but the last
};

struct Hyperconnection {
  std::string name; ///< iot_to_fog2
  unsigned from, to;
  bool isSkip;
  ast::Range range;
  /// Named iot_projection, or iot_projection_conv1 where there are several; by path
  /// iot_to_fog2.projection, or iot_to_fog2.projection.conv1.
  std::vector<Layer> projection;
  std::optional<double> weight;
  std::string element = {}; ///< of what travels: bf16 or int8; empty: f32
  Route route = {};
  /// Simple ones: where the spec says that the receiver holds the average of this one.
  std::optional<ast::Range> average = {};
  bool isStandby = false; ///< skips: sends only while what it stands in for is missing
};

/// Skips of one receiver that stand in for simple hyperconnections of it.
struct StandIn {
  unsigned receiver;
  std::vector<unsigned> members, standsFor; ///< hyperconnections
  unsigned bypassed;                        ///< nodes on the way around
};

struct Input {
  const ast::Input *spec;
  unsigned node;
  std::vector<int64_t> shape;
};
struct Output {
  const ast::Output *spec;
  unsigned node;
  int64_t width;                       ///< elements, as declared
  std::vector<std::string> classNames; ///< empty where the spec names none
};
/// Answers for output 0 where that has no answer.
struct Exit {
  const ast::Exit *spec;
  unsigned node;
  /// Named exit_dense1; by path fog2.exit.dense1.
  std::vector<Layer> head;
};
struct Reliability {
  const ast::Reliability *spec;
  std::map<Cause, double> causes; ///< without those that are always up
};

/// How the rate changes with the epochs.
struct Schedule {
  enum class Kind { step, cosine } kind;
  int64_t every = 0;  ///< step: epochs from one change to the next
  double factor = 1;  ///< step: what multiplies the rate then
  int64_t warmup = 0; ///< cosine: epochs in which the rate rises
};
/// Random changes to images in training.
struct Augmentation {
  double rotation = 0; ///< degrees, either way
  double shift = 0;    ///< fraction of height and width, either way
  bool flip = false;   ///< left to right, half the time
};
/// How nodes are made absent in training.
struct Failout {
  double rate = 0.10;              ///< of every failable node: survival .90 (resilinet.md)
  std::optional<unsigned> setting; ///< the reliability setting whose failures are drawn instead
  bool perRow = false;             ///< each row of a batch draws for itself
  bool stratified = false;         ///< patterns have their exact share of the draws
  bool expected = false;           ///< nothing is drawn: every pattern counts in every step
};
struct Recipe {
  std::string optimizer = "adam";
  std::map<std::string, double> numbers; ///< rate, batch, distill...: only what the spec says
  bool keepBest = true;
  Failout failout;
  double weightDecay = 0; ///< decoupled from the gradients
  bool balanced = false;  ///< classes weigh inversely to their frequency
  std::optional<Schedule> schedule;
  std::optional<Augmentation> augmentation;
};

struct Network {
  std::string name;
  ast::Range range;
  std::vector<Node> nodes; ///< in the order of the spec
  std::vector<Link> links;
  std::vector<Group> groups;
  std::vector<unsigned> order; ///< topological, in the order of the spec where that allows
  std::vector<Hyperconnection> hyperconnections;
  std::vector<StandIn> standIns;
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::vector<Exit> exits; ///< as they answer: from the last node in `order` to the first
  std::vector<Reliability> reliabilities;
  std::optional<Recipe> recipe;

  const ast::Name &nameOf(Cause cause) const;
  /// By itself.
  bool isFailable(Cause cause) const;
  /// A node that may be down, by itself or with a group.
  bool mayBeDown(const Node &node) const;
};

} // namespace rnet::model

namespace rnet {

/// Resolves and checks a spec, all but shapes. `files`: what Parser.h's `load` gives, the spec
/// itself last. Nothing where there were errors. `skips`: the scheme keeps skip hyperconnections
/// and exits, which decides what is a single point of failure. Near linear in the size of the spec,
/// its blocks and repeats written out; those give a million layers at most.
std::optional<model::Network> check(llvm::ArrayRef<ast::File> files, bool skips,
                                    Diagnostics &diagnostics);

/// The simple hyperconnections into `receiver` that a skip from `sender` would stand in for: chains
/// of simple ones lead to them from the sender, around one node or more. None: the skip would be
/// useless; several: it would have to say for which.
std::vector<unsigned> findBypassed(const model::Network &network, unsigned sender,
                                   unsigned receiver);

/// Whether the projection of a skip can be a copy of what it bypasses: one chain of simple
/// hyperconnections, without weights.
bool canCopy(const model::Network &network, unsigned skip);

/// Simple hyperconnections that may have an average, and may be missing when something fails.
std::vector<unsigned> findAverageable(const model::Network &network);

/// Every layer of the language with its parameters and their defaults, a line each.
void listLayers(llvm::raw_ostream &out);

/// The model, a line for each thing: for tests and for looking.
void dump(const model::Network &network, llvm::raw_ostream &out);

} // namespace rnet
