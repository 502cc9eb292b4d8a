// What a compiled network is: the tables that generated code hands to the trainer, the evaluator
// and the node processes. All data is static and immutable; any thread may read it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace rnet {

/// A group of skip inputs of a mux that stands in for simple inputs of it. Bits are positions in
/// the mux, 0 is the first declared. Rule (failover): a group counts where all of `stands_for` are
/// absent and a member is present, unless a group for the same inputs that bypasses fewer nodes
/// counts; all present members of a group that counts are taken; groups with equal `bypassed` are
/// added.
struct StandIn {
  std::uint64_t stands_for;
  std::uint64_t members;
  unsigned bypassed;
};

enum class MuxKind { sum, failover };

/// How a node combines its inputs.
struct Mux {
  MuxKind kind = MuxKind::sum;
  std::span<const StandIn> stand_ins;

  /// The inputs that are added, out of those that are present. `sum` takes all of them; `failover`
  /// takes every present simple input (one that is in no group) and the groups that count.
  constexpr std::uint64_t taken(std::uint64_t present) const {
    if (kind == MuxKind::sum)
      return present;
    std::uint64_t skips = 0, result = 0;
    for (const StandIn &group : stand_ins)
      skips |= group.members;
    result = present & ~skips;
    for (const StandIn &group : stand_ins)
      if (counts(group, present) && !overtaken(group, present))
        result |= group.members & present;
    return result;
  }

private:
  static constexpr bool counts(const StandIn &group, std::uint64_t present) {
    return (group.stands_for & present) == 0 && (group.members & present) != 0;
  }
  constexpr bool overtaken(const StandIn &group, std::uint64_t present) const {
    for (const StandIn &other : stand_ins)
      if (other.stands_for == group.stands_for && other.bypassed < group.bypassed &&
          counts(other, present))
        return true;
    return false;
  }
};

enum class HyperconnectionKind { simple, skip };

/// Elements as they travel (rnet/core/element.h); in memory all are f32.
enum class Element { f32, bf16, int8 };

/// One tensor per inference from one physical node to another.
struct HyperconnectionDescription {
  std::string_view name; ///< "edge_to_fog1"
  HyperconnectionKind kind;
  std::size_t from;   ///< index of the sending node
  std::size_t result; ///< which of the sender's results travels
  std::size_t to;     ///< index of the receiving node
  std::size_t width;  ///< elements that travel
  Element element = Element::f32;
  bool standby = false; ///< sends only while what it stands in for is missing
};

/// Where one input of a node comes from.
struct Source {
  enum class Kind { network_input, hyperconnection } kind;
  std::size_t index; ///< into NetworkDescription::inputs or ::hyperconnections
};

/// A physical node.
struct NodeDescription {
  std::string_view name;
  bool failable;  ///< by itself: named in a reliability setting with less than "always"
  double failout; ///< failure probability in training; 0 where there is no failout
  std::span<const Source> inputs; ///< in the order of the mux
  Mux mux;
  std::span<const std::size_t> result_widths; ///< elements of each tensor the node makes
  std::span<const std::size_t> relays = {};   ///< hyperconnections that are cut while it is down
};

/// A failure domain beside the nodes: a physical link, or a group of what fails together.
struct DomainDescription {
  std::string_view name;
  std::span<const std::size_t> nodes;            ///< that are down when it fails
  std::span<const std::size_t> hyperconnections; ///< that are cut then
  double failout = 0; ///< failure probability in training; 0 where there is no failout
};

/// An input of the network: raw units, one tensor a request, at one node.
struct InputDescription {
  std::string_view name;
  std::size_t node;
  std::size_t width;
  std::span<const std::size_t> shape; ///< as declared, without the batch
};

/// A result of a node that is an answer.
struct Head {
  std::size_t node;
  std::size_t result;
};

/// An output of the network. Class k of `classes` is element k.
struct OutputDescription {
  std::string_view name;
  std::size_t node;
  std::size_t result;
  std::size_t width;
  std::span<const std::string_view> class_names; ///< empty where the spec names none
  std::span<const Head> exits = {};              ///< each as wide, at a node of its own

  /// Head 0 is the output itself, the others are its exits. The answer to a request is that of the
  /// first head, in this order, that has one.
  constexpr std::size_t heads() const { return 1 + exits.size(); }
  constexpr Head head(std::size_t index) const {
    return index == 0 ? Head{node, result} : exits[index - 1];
  }
  /// The head at a node; heads() where there is none.
  constexpr std::size_t head_at(std::size_t at) const {
    std::size_t index = 0;
    while (index < heads() && head(index).node != at)
      ++index;
    return index;
  }
};

/// A reliability setting: the probability that each node is up, 1 for "always", in node order; then
/// that of each failure domain.
struct SettingDescription {
  std::string_view name;
  std::span<const double> reliability;
};

enum class Initializer { zeros, ones, glorot_uniform };

/// A named tensor of the weights file.
struct ParameterDescription {
  std::string_view name; ///< "edge.dense1.weight"
  std::size_t node;
  std::span<const std::size_t> shape; ///< dense: [out, in]
  Initializer initializer;
  bool trainable;                ///< false: set from data: input normalisation, averages
  std::string_view copy_of = {}; ///< the parameter whose value, where it is trained, it starts from
};

enum class Optimizer { adam, sgd };

/// How the learning rate goes on: as it is, down by a factor every few epochs, or along a cosine to
/// 0 at the end of the last epoch.
enum class Schedule { constant, step, cosine };

/// Random changes of the training images, for every input of shape [height, width, channels].
struct Augmentation {
  double rotation = 0; ///< up to so many degrees, either way
  double shift = 0;    ///< up to this part of height and width, either way
  bool flip = false;   ///< left to right, every other time

  bool any() const { return rotation != 0 || shift != 0 || flip; }
};

/// The training recipe of the spec; the command line may override parts of it.
struct TrainingRecipe {
  Optimizer optimizer = Optimizer::adam;
  double rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-7; ///< adam (Keras' defaults)
  double momentum = 0;                               ///< sgd
  std::size_t batch = 128;
  std::size_t epochs = 50;
  std::uint64_t seed = 0;
  bool keep_best =
      true; ///< weights of the epoch with the best validation accuracy, first among equals
  double weight_decay = 0; ///< decoupled; of parameters of two and more axes (weights, not biases)
  bool balanced = false;   ///< classes weigh the same in the loss, however many rows they have
  Schedule schedule = Schedule::constant;
  double schedule_factor = 1;     ///< step
  std::size_t schedule_every = 1; ///< step, in epochs
  std::size_t warmup = 0;         ///< epochs in which the rate rises from 0, step by step
  Augmentation augmentation = {};
  bool failout_per_row = false;    ///< each row of a batch draws for itself, not the batch once
  bool failout_stratified = false; ///< patterns by their exact share, as near as whole draws come
  bool failout_expected = false;   ///< nothing is drawn: every pattern counts in every step
  double distill = 0; ///< share of the network's own answers without failures in what it learns
  double exits = 0.3; ///< weight of each exit's loss beside that of the output
};

/// The whole network as compiled under one scheme. Nodes are in topological order of the
/// hyperconnections AND in spec order where the spec allows.
struct NetworkDescription {
  std::string_view name;
  std::string_view scheme;                 ///< "vanilla" | "dfg" | "resilinet" | "resilinet+"
  std::string_view parameters_fingerprint; ///< hex SHA-256 over names and shapes
  std::string_view topology_fingerprint;   ///< hex SHA-256 over topology and scheme
  std::span<const NodeDescription> nodes;
  std::span<const HyperconnectionDescription> hyperconnections;
  std::span<const InputDescription> inputs;
  std::span<const OutputDescription> outputs;
  std::span<const SettingDescription> settings;
  std::span<const ParameterDescription> parameters;
  TrainingRecipe recipe;
  std::span<const DomainDescription> domains = {}; ///< those that may fail

  /// By itself or with a domain.
  constexpr bool may_be_down(std::size_t node) const {
    for (const DomainDescription &domain : domains)
      for (std::size_t member : domain.nodes)
        if (member == node)
          return true;
    return nodes[node].failable;
  }
};

} // namespace rnet
