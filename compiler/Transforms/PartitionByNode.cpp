// rnet-partition-by-node: one program per physical node.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Transforms/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"

namespace rnet {
#define GEN_PASS_DEF_PARTITIONBYNODE
#include "rnet/Transforms/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

/// Name of what an input of a node is: a hyperconnection or a network input.
static StringAttr nameOfInput(Value input) {
  if (auto connection = input.getDefiningOp<HyperconnectionOp>())
    return connection.getNameAttr();
  return input.getDefiningOp<InputOp>().getNameAttr();
}

/// In a program an input is called as its sender is.
static Location locationOfInput(Value input) {
  auto connection = input.getDefiningOp<HyperconnectionOp>();
  if (!connection)
    return input.getLoc();
  return NameLoc::get(connection.getSender().getNameAttr(), connection.getLoc());
}

/// For each result, the hyperconnections that carry it.
static ArrayAttr outputsOf(NodeOp node, Builder &builder) {
  SmallVector<Attribute> outputs;
  for (Value result : node.getResults()) {
    SmallVector<Attribute> names;
    // In the order of the network, which use lists do not keep.
    SmallVector<Operation *> users = llvm::to_vector(result.getUsers());
    llvm::sort(users, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    for (Operation *user : users)
      if (auto connection = dyn_cast<HyperconnectionOp>(user))
        names.push_back(connection.getNameAttr());
    outputs.push_back(builder.getArrayAttr(names));
  }
  return builder.getArrayAttr(outputs);
}

namespace {
struct PartitionByNode : rnet::impl::PartitionByNodeBase<PartitionByNode> {
  using PartitionByNodeBase::PartitionByNodeBase;

  void runOnOperation() override {
    for (auto network : llvm::to_vector(getOperation().getOps<NetworkOp>())) {
      OpBuilder builder(&getContext());
      builder.setInsertionPointToEnd(getOperation().getBody());
      const SymbolTable symbols(network);
      for (auto node : network.getOps<NodeOp>())
        outline(network, node, symbols, builder);
    }
  }

private:
  void outline(NetworkOp network, NodeOp node, const SymbolTable &symbols, OpBuilder &builder) {
    std::string name = llvm::convertToCamelFromSnakeCase(node.getName(), /*capitalizeFirst=*/true);
    if (role == Role::Train)
      name += "Trainer";
    SmallVector<Attribute> inputs = llvm::map_to_vector(
        node.getInputs(), [](Value input) -> Attribute { return nameOfInput(input); });
    auto program = ProgramOp::create(
        builder, node.getLoc(), builder.getStringAttr(name), RoleAttr::get(&getContext(), role),
        node.getNameAttr(), FlatSymbolRefAttr::get(network.getSymNameAttr()),
        builder.getArrayAttr(inputs), outputsOf(node, builder), ArenaAttr());
    Block &body = program.getBody().emplaceBlock();
    OpBuilder inside = OpBuilder::atBlockEnd(&body);

    llvm::SetVector<Operation *> parameters;
    node.walk([&](KernelOpInterface op) {
      for (FlatSymbolRefAttr symbol : op.getKernelParameters())
        if (auto parameter = symbols.lookup<ParameterOp>(symbol.getAttr()))
          parameters.insert(parameter);
    });
    SmallVector<Operation *> ordered = parameters.takeVector();
    llvm::sort(ordered, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    for (Operation *parameter : ordered)
      inside.clone(*parameter);

    IRMapping mapping;
    for (auto [argument, input] : llvm::zip_equal(node.getBody().getArguments(), node.getInputs()))
      mapping.map(argument, body.addArgument(argument.getType(), locationOfInput(input)));
    for (Operation &op : node.getBody().front())
      inside.clone(op, mapping);
  }
};
} // namespace
