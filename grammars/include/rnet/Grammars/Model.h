// What a spec means: names resolved, constants evaluated, repeats unrolled. Made by the checker,
// read by the importer. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/Diagnostics.h"

#include <map>

namespace rnet::model {

/// One layer of a node.
struct Layer {
  std::string name; ///< the label, or the kind and its number on the node: dense1
  std::string kind;
  std::map<std::string, double> numbers;    ///< arguments, by name
  std::map<std::string, std::string> words; ///< arguments that are names, by name
  ast::Range range;
};

struct Node {
  const ast::Node *spec;
  std::vector<Layer> layers;
  std::vector<unsigned> incoming, outgoing; ///< hyperconnections, in the order of the spec
  std::vector<unsigned> inputs;             ///< network inputs at this node
  bool failable = false;
};

struct Hyperconnection {
  std::string name; ///< iot_to_fog2
  unsigned from, to;
  bool isSkip;
  ast::Range range;
  std::optional<Layer> projection;
  std::optional<double> weight;
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
struct Reliability {
  const ast::Reliability *spec;
  std::map<unsigned, double> nodes; ///< without those that are always up
};
struct Recipe {
  std::string optimizer = "adam";
  std::map<std::string, double> numbers; ///< rate, beta1, batch, seed...: only what the spec says
  bool keepBest = true;
  double failout = 0.10; ///< survival .90 (resilinet.md)
};

struct Network {
  std::string name;
  ast::Range range;
  std::vector<Node> nodes;     ///< in the order of the spec
  std::vector<unsigned> order; ///< topological, in the order of the spec where that allows
  std::vector<Hyperconnection> hyperconnections;
  std::vector<StandIn> standIns;
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::vector<Reliability> reliabilities;
  std::optional<Recipe> recipe;
};

} // namespace rnet::model

namespace rnet {

/// Resolves and checks a spec, all but shapes. Nothing where there were errors. `skips`: the scheme
/// keeps skip hyperconnections, which decides what is a single point of failure. Near linear in the
/// size of the spec.
std::optional<model::Network> check(const ast::File &file, bool skips, Diagnostics &diagnostics);

} // namespace rnet
