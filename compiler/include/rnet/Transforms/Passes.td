// The passes, in the order of the pipeline.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RNET_TRANSFORMS_PASSES_TD
#define RNET_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

class RNet_Pass<string name, string operation = "::rnet::NetworkOp"> : Pass<name, operation> {
  let dependentDialects = ["::rnet::RNetDialect"];
}

def SelectScheme : RNet_Pass<"rnet-select-scheme"> {
  let summary = "Compile the topology as vanilla, dfg, resilinet or resilinet+";
  let description = [{
    `vanilla` strips skip hyperconnections, exits and their parameters; `vanilla` and `dfg` have failout at rate 0; `resilinet`
    joins by failover, all others by sum, which needs no stand-in groups. Averages are left to `resilinet` alone.

    ```mlir
    %m = rnet.mux(%edge, %iot) stand_ins [#rnet.stand_in<members = [1], stands_for = [0], bypassed = 1>] : ...
    // scheme=dfg
    %m = rnet.mux(%edge, %iot) by sum : ...
    ```
  }];
  let options = [Option<"scheme", "scheme", "::rnet::ir::Scheme", "::rnet::ir::Scheme::ResiliNetPlus", "the scheme",
    [{::llvm::cl::values(clEnumValN(::rnet::ir::Scheme::Vanilla, "vanilla", "no skips, no exits, no failout"),
                         clEnumValN(::rnet::ir::Scheme::DFG, "dfg", "skips, sum, no failout"),
                         clEnumValN(::rnet::ir::Scheme::ResiliNet, "resilinet", "skips, failover, failout"),
                         clEnumValN(::rnet::ir::Scheme::ResiliNetPlus, "resilinet+", "skips, sum, failout"))}]>];
}

def InferShapes : RNet_Pass<"rnet-infer-shapes"> {
  let summary = "Give every tensor and parameter its shape";
  let description = [{
    Shapes flow from the inputs downstream, through LayerOpInterface. Inputs of a mux that differ are an error on
    the hyperconnection, with the projection that would make them meet.

    ```mlir
    %y = rnet.dense %x units 250 ... : tensor<*xf32> -> tensor<*xf32>
    // becomes
    %y = rnet.dense %x units 250 ... : tensor<?x23xf32> -> tensor<?x250xf32>
    ```
  }];
}

def AttachExits : RNet_Pass<"rnet-attach-exits"> {
  let summary = "Move the layers of exits into their nodes";
  let description = [{
    The answer of an exit becomes a result of its node.

    ```mlir
    rnet.exit "activity" %fog2 head {...} : tensor<?x250xf32>
    // becomes, with the layers of the head at the end of fog2
    rnet.exit "activity" %fog2#1 : tensor<?x13xf32>
    ```
  }];
}

def ProjectHyperconnections : RNet_Pass<"rnet-project-hyperconnections"> {
  let summary = "Move projections into the sender or the receiver, whichever sends fewer bytes";
  let description = [{
    A projection runs at the receiver where its input is no larger than its result, unless that would take a
    private input off its node. A private input that leaves its node raw is an error. Afterwards parameters
    are listed by node.

    ```mlir
    %1 = rnet.hyperconnection "iot_to_fog2" skip %iot to "fog2" project {...} : tensor<?x23xf32> -> tensor<?x250xf32>
    // becomes, with the layers of the projection in fog2, before its mux
    %1 = rnet.hyperconnection "iot_to_fog2" skip %iot to "fog2" : tensor<?x23xf32> -> tensor<?x23xf32>
    ```
  }];
}

def WeighHyperconnections : RNet_Pass<"rnet-weigh-hyperconnections"> {
  let summary = "Multiply each weighed hyperconnection's tensor at its receiver";
  let description = [{
    ```mlir
    %1 = rnet.hyperconnection "edge_to_fog1" skip %edge to "fog1" weight 0.5 : ...
    // becomes a factor before the receiver's mux
    %s = rnet.scale %edge by 0.5 : tensor<?x250xf32> -> tensor<?x250xf32>
    %m = rnet.mux(%fog2, %s) by sum : ...
    ```
  }];
}

def RoundHyperconnections : RNet_Pass<"rnet-round-hyperconnections"> {
  let summary = "Round what hyperconnections of narrow elements bring, at the receiver";
  let description = [{
    Evaluated and interpreted networks round by the same op as nodes, to which the values come rounded already, and
    which rounding again does not change. For int8 the network gets a parameter, the scale. Behind projections at the sender, before those at the
    receiver: what travels is rounded.

    ```mlir
    %1 = rnet.hyperconnection "edge_to_fog1" skip %edge to "fog1" as int8 : ...
    // becomes, in fog1, before all that takes the input
    %r = rnet.round %x to int8 scale @edge_to_fog1.scale : tensor<?x250xf32> -> tensor<?x250xf32>
    ```
  }];
}

def QuantizeWeights : RNet_Pass<"rnet-quantize-weights"> {
  let summary = "Tell the layers of nodes with narrow weights what theirs become";
  let description = [{
    All layers at the node whose kernels can, those of projections and exits too: `rnet.dense` and `rnet.conv`; others stay f32, and with int8
    those of more than 65,536 inputs an output, whose sums might not fit 32 bits. For int8 the network gets a parameter for each, the scale of its input.

    ```mlir
    rnet.node "fog1"(%0) as int8 { ... %d = rnet.dense %m units 250 weight @fog1.dense1.weight : ... }
    // becomes
    %d = rnet.dense %m units 250 weight @fog1.dense1.weight quantized <int8, @fog1.dense1.scale> : ...
    ```
  }];
}

def StripRounding : RNet_Pass<"rnet-strip-rounding"> {
  let summary = "Training: values of hyperconnections, and weights, stay as they are";
  let description = [{
    Networks learn in f32 and are rounded when they have learnt.

    ```mlir
    %r = rnet.round %x to bf16 : ...
    %m = rnet.mux(%r) by sum : ...
    // becomes
    %m = rnet.mux(%x) by sum : ...
    ```
  }];
}

def AnalyzeFlow : RNet_Pass<"rnet-analyze-flow"> {
  let summary = "Say what failures do to the network, as attributes";
  let description = [{
    Not in the pipelines: for passes, and people, who decide by it. For each reliability setting, `rnet.flow` is the probability
    that information reaches the output or an exit, `rnet.flow_lost` how much of it goes with a node, link, group or hyperconnection; nodes,
    links and groups without which nothing flows are `rnet.single_point`. As `rnet analyze` has it: exact, or sampled (and then without losses) where there are
    too many states.

    ```mlir
    %edge = rnet.node "edge"(%iot) { ... } ...
    // becomes
    %edge = rnet.node "edge"(%iot) attributes {rnet.flow_lost = {hazardous = 1.326000e-01 : f64}} { ... } ...
    ```
  }];
}

def InsertLoss : RNet_Pass<"rnet-insert-loss"> {
  let summary = "Training: turn the softmax before each output and exit into softmax with cross-entropy";
  let description = [{
    Fused, because the gradient of cross-entropy alone overflows where a probability is near zero.

    ```mlir
    %p = rnet.softmax %logits : ...
    // becomes
    %p = rnet.softmax_cross_entropy %logits : ...        // before an exit: %logits exit
    ```
  }];
}

def InsertFailout : RNet_Pass<"rnet-insert-failout"> {
  let summary = "Training: let failable nodes go absent";
  let description = [{
    ```mlir
    rnet.node "edge"(%0) failout 0.1 {
      %m = rnet.mux(%iot) by sum : ...
      %f = rnet.failout %m : ...      // inserted: all that follows uses %f
    ```
  }];
}

def Differentiate : RNet_Pass<"rnet-differentiate"> {
  let summary = "Training: write the backward program of each node, reverse mode, IR to IR";
  let description = [{
    Behind the forward layers of a node come `rnet.reverse`, which gives the gradients of what the node sent,
    and the adjoints that AdjointOpInterface builds, last layer first. Gradients of values used more than once are added
    by a mux, since each is present for rows of its own. Nodes hand back gradients only to senders that
    learn from them.

    ```mlir
    %y = rnet.relu %d : ...
    rnet.yield %y : ...
    // becomes
    %y = rnet.relu %d : ...
    %g = rnet.reverse(%y) : ...
    %gd = rnet.activation_adjoint relu %y, %g : ...
    ...
    rnet.yield %y : ... gradients %gx : ... of [0]
    ```
  }];
}

def PartitionByNode : RNet_Pass<"rnet-partition-by-node", "::mlir::ModuleOp"> {
  let summary = "Outline one program per physical node";
  let description = [{
    Programs follow the network, which stays as the description of the whole. Each holds copies of the parameters
    that it reads.

    ```mlir
    rnet.network @health { ... rnet.node "fog2"(%0, %1) { ... } ... }
    // gives
    rnet.program @Fog2 infer "fog2" of @health in ["edge_to_fog2", "iot_to_fog2"] out [["fog2_to_fog1", "fog2_to_cloud"]] {...}
    ```
  }];
  let options = [Option<"role", "role", "::rnet::ir::Role", "::rnet::ir::Role::Infer", "what the programs are for",
    [{::llvm::cl::values(clEnumValN(::rnet::ir::Role::Infer, "infer", "inference"),
                         clEnumValN(::rnet::ir::Role::Train, "train", "training"))}]>];
}

def InsertRouting : RNet_Pass<"rnet-insert-routing", "::rnet::ProgramOp"> {
  let summary = "Make presence explicit: receive, join, send; in training, gradients too";
  let description = [{
    Inputs become `rnet.receive`, results `rnet.send`, muxes `rnet.failover` and `rnet.join`; every layer gets the
    mask of its input, so that absent rows are not computed and absence propagates. An average of a mux becomes a term
    of its join, where `rnet.missing` says that it counts.

    ```mlir
    ^bb0(%edge: tensor<?x250xf32>, %iot: tensor<?x250xf32>):
      %m = rnet.mux(%edge, %iot) by sum : ...
      %y = rnet.dense %m ...
      rnet.yield %y : ...
    // becomes
      %edge, %p0 = rnet.receive "edge_to_fog2" at 0 : ...
      %iot, %p1 = rnet.receive "iot_to_fog2" at 1 : ...
      %m, %p = rnet.join(%edge, %iot) where(%p0, %p1) : ...
      %y = rnet.dense %m where %p ...
      rnet.send %y where %p at 0 : ...
    ```
  }];
}

def StripDropout : RNet_Pass<"rnet-strip-dropout", "::rnet::ProgramOp"> {
  let summary = "Inference: take dropout out";
  let description = [{
    ```mlir
    %y = rnet.dropout %x rate 0.5 number 0 : ...
    // becomes %x
    ```
  }];
}

def FoldBatchNorms : RNet_Pass<"rnet-fold-batch-norms", ""> {
  let summary = "Inference: take a batch normalisation into the weights of the layer before it";
  let description = [{
    The layer's storage does the arithmetic once, in double precision, when it is loaded. A normalisation that
    follows no layer with weights, or one whose result is used elsewhere too, stays as it is. In a network too, for the
    reference interpreter, but there only where it is part of what a layer's narrow weights are.

    ```mlir
    %c = rnet.conv %x filters 24 window <...> weight @conv1.weight : ...
    %y = rnet.batch_norm %c gamma @bn.gamma beta @bn.beta mean @bn.mean variance @bn.variance ... : ...
    // becomes
    %y = rnet.conv %x filters 24 window <...> weight @conv1.weight normalized <@bn.gamma, @bn.beta, @bn.mean, @bn.variance, epsilon = 1.0e-3> : ...
    ```
  }];
  let options = [Option<"quantizedOnly", "quantized-only", "bool", "false", "only into narrow weights">];
}

def FuseActivations : RNet_Pass<"rnet-fuse-activations", ""> {
  let summary = "Compute an activation in the kernel of the layer before it";
  let description = [{
    In inference programs; and in a network that is yet to be differentiated, where the layer's adjoint takes it over too
    (batch normalisation with relu or relu6).

    ```mlir
    %d = rnet.dense %x units 250 ... : ...
    %y = rnet.relu %d : ...
    // becomes
    %y = rnet.dense %x units 250 ... then relu : ...
    ```
  }];
}

def PlanBuffers : RNet_Pass<"rnet-plan-buffers", "::rnet::ProgramOp"> {
  let summary = "Give each tensor and mask a place in the program's arena";
  let description = [{
    Places are elements per row of the batch, multiples of 16 (`rnet.place` holds one per result); two values share
    a place when they are never alive together. What training sends, or still needs on the way back, keeps
    its place to the end. In an inference program the value that is sent is computed in the output itself:
    place -1 and `rnet.sent_at`.

    ```mlir
    %y = rnet.dense %x ... {rnet.place = array<i64: 256>} : ...
    ```
  }];
  let options = [
    Option<"report", "report", "bool", /*default=*/"false",
           "Say how large each arena is, and how much is alive at once at the most: a lower bound">
  ];
}

def CheckBudgets : RNet_Pass<"rnet-check-budgets", "::mlir::ModuleOp"> {
  let summary = "An error where a node is over its budget";
  let description = [{
    Needs planned inference programs. The error is at the `rnet.budget`, with a note on what is largest.

    ```mlir
    rnet.budget "edge" memory 512000   // error: 'edge' needs 1,040,448 bytes of memory, ...
    ```
  }];
}

#endif // RNET_TRANSFORMS_PASSES_TD
