// The network: parameters, inputs, physical nodes, hyperconnections, outputs, and the facts of the spec.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RNET_NETWORK_OPS_TD
#define RNET_NETWORK_OPS_TD

include "rnet/Dialect/RNetDialect.td"
include "rnet/Dialect/RNetInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class RNet_Op<string mnemonic, list<Trait> traits = []> : Op<RNet_Dialect, mnemonic, traits>;

def NetworkOp : RNet_Op<"network", [IsolatedFromAbove, Symbol, SymbolTable, NoTerminator, SingleBlock,
                                    NoRegionArguments]> {
  let summary = "a neural network over physical nodes";
  let description = [{
    Nodes stand in topological order of the hyperconnections. `scheme` is set by `rnet-select-scheme`.

    ```mlir
    rnet.network @health {
      rnet.parameter @edge.dense1.weight init glorot_uniform : tensor<250x23xf32>
      rnet.parameter @edge.dense1.bias init zeros : tensor<250xf32>
      %sensors = rnet.input "sensors" at "iot" : tensor<?x23xf32>
      %iot = rnet.node "iot"(%sensors) {
      ^bb0(%x: tensor<?x23xf32>):
        rnet.yield %x : tensor<?x23xf32>
      } : (tensor<?x23xf32>) -> tensor<?x23xf32>
      %0 = rnet.hyperconnection "iot_to_edge" simple %iot to "edge" : tensor<?x23xf32> -> tensor<?x23xf32>
      %edge = rnet.node "edge"(%0) {
      ^bb0(%x: tensor<?x23xf32>):
        %m = rnet.mux(%x) by sum : (tensor<?x23xf32>) -> tensor<?x23xf32>
        %d = rnet.dense %m units 250 weight @edge.dense1.weight bias @edge.dense1.bias : tensor<?x23xf32> -> tensor<?x250xf32>
        rnet.yield %d : tensor<?x250xf32>
      } : (tensor<?x23xf32>) -> tensor<?x250xf32>
      rnet.output "activity" %edge : tensor<?x250xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<RNet_SchemeAttr>:$scheme);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name (`scheme` $scheme^)? attr-dict-with-keyword $body";
  let extraClassDeclaration = [{
    /// The node op of this name, or null.
    ::rnet::NodeOp lookupNode(::llvm::StringRef name);
    /// The output of this name, or null.
    ::rnet::OutputOp lookupOutput(::llvm::StringRef name);
  }];
  let hasRegionVerifier = 1;
}

def ParameterOp : RNet_Op<"parameter", [Symbol]> {
  let summary = "a named tensor of the weights file";
  let description = [{
    `frozen` parameters are set from data, not trained: the normalisation of an input, the average of a
    hyperconnection. `copies`: where a trained network is given, training starts from what it has for that other
    parameter. Unranked until `rnet-infer-shapes`.

    Example: `rnet.parameter @edge.dense1.weight init glorot_uniform : tensor<250x23xf32>`
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, RNet_InitializerAttr:$initializer, UnitAttr:$frozen,
                       OptionalAttr<FlatSymbolRefAttr>:$original, TypeAttrOf<AnyTensor>:$type);
  let assemblyFormat = [{
    $sym_name `init` $initializer (`frozen` $frozen^)? (`copies` $original^)? attr-dict `:` $type
  }];
}

def InputOp : RNet_Op<"input"> {
  let summary = "an input of the network, in raw units, at one node";
  let description = [{
    `private`: the raw tensor may not leave its node.

    Example: `%sensors = rnet.input "sensors" at "iot" : tensor<?x23xf32>`
  }];
  let arguments = (ins StrAttr:$name, StrAttr:$node, UnitAttr:$is_private);
  let results = (outs RNet_Rows:$value);
  let assemblyFormat = "$name `at` $node (`private` $is_private^)? attr-dict `:` type($value)";
}

def NodeOp : RNet_Op<"node", [IsolatedFromAbove, SingleBlock, ParentOneOf<["NetworkOp"]>]> {
  let summary = "a physical node with its layers";
  let description = [{
    Operands are what reaches the node: network inputs and hyperconnections, in mux order. Results are what
    it sends: result 0 is the output of its last layer, further ones are projections and exits made at this node. A down
    node's results are absent. `failout` is the failure probability in training. `as` is the element type of its weights in inference, f32
    where it is left out; `rnet-quantize-weights` says it to the layers.

    After `rnet-differentiate` the body goes on behind `rnet.reverse` with the backward program, and the
    terminator lists the gradients of the operands.
  }];
  let arguments = (ins StrAttr:$name, Variadic<RNet_Rows>:$inputs, OptionalAttr<F64Attr>:$failout,
                       OptionalAttr<RNet_ElementAttr>:$element);
  let results = (outs Variadic<RNet_Rows>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $name `(` $inputs `)` (`failout` $failout^)? (`as` $element^)? attr-dict-with-keyword $body `:` functional-type($inputs, $results)
  }];
  let extraClassDeclaration = [{
    ::rnet::YieldOp getYield();
  }];
  let hasRegionVerifier = 1;
}

def YieldOp : RNet_Op<"yield", [Terminator, Pure, AttrSizedOperandSegments,
                                ParentOneOf<["NodeOp", "HyperconnectionOp", "ExitOp", "ProgramOp"]>]> {
  let summary = "results of a node, a projection or a head";
  let description = [{
    `gradients`, in a training program, are those of the inputs at the positions `of`: hyperconnections whose
    sender learns from them.
    Example: `rnet.yield %dense2 : tensor<?x250xf32> gradients %g : tensor<?x250xf32> of [0]`
  }];
  let arguments = (ins Variadic<RNet_Rows>:$results, Variadic<RNet_Rows>:$gradients,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$gradient_inputs);
  let assemblyFormat = [{
    ($results^ `:` type($results))?
    (`gradients` $gradients^ `:` type($gradients) `of` custom<Positions>($gradient_inputs))? attr-dict
  }];
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::ValueRange":$results), [{
    build($_builder, $_state, results, ::mlir::ValueRange{}, ::llvm::ArrayRef<int64_t>{});
  }]>];
}

def HyperconnectionOp : RNet_Op<"hyperconnection", [IsolatedFromAbove, ParentOneOf<["NetworkOp"]>]> {
  let summary = "the connection between two physical nodes: one tensor per inference";
  let description = [{
    A skip bypasses one or more nodes. `weight` is a factor on the tensor at the receiver. The `project` region,
    where there is one, makes the shapes meet; `rnet-project-hyperconnections` moves it to the sender or the
    receiver, and afterwards operand and result have one type: what travels.

    `as` is the element type of what travels, f32 where it is left out; `rnet-round-hyperconnections` says in the receiver what that
    does to values.

    A skip on `standby` sends while what it stands in for is missing, and otherwise only what its receiver asks for. That is for a
    `failover` mux: it decides what travels, not what the network computes.

    `over` is the physical route, in a network that has links: a link, or links and the nodes that relay, in turn. It is cut where
    one of those is down.

    ```mlir
    %1 = rnet.hyperconnection "iot_to_fog2" skip %iot to "fog2" over ["radio", "edge", "lan"] weight 1.0 project {
    ^bb0(%x: tensor<?x23xf32>):
      %p = rnet.dense %x units 250 weight @iot_to_fog2.projection.weight bias @iot_to_fog2.projection.bias
        : tensor<?x23xf32> -> tensor<?x250xf32>
      rnet.yield %p : tensor<?x250xf32>
    } : tensor<?x23xf32> -> tensor<?x250xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, RNet_HyperconnectionKindAttr:$kind, RNet_Rows:$source, StrAttr:$receiver,
                       OptionalAttr<StrArrayAttr>:$route, OptionalAttr<F64Attr>:$weight,
                       OptionalAttr<RNet_ElementAttr>:$element, UnitAttr:$standby);
  let results = (outs RNet_Rows:$value);
  let regions = (region MaxSizedRegion<1>:$projection);
  let assemblyFormat = [{
    $name $kind $source `to` $receiver (`over` $route^)? (`weight` $weight^)? (`as` $element^)? (`standby` $standby^)?
    (`project` $projection^)? attr-dict
    `:` type($source) `->` type($value)
  }];
  let extraClassDeclaration = [{
    /// The sending node.
    ::rnet::NodeOp getSender();
    /// The receiving node, found by its use; null while there is none.
    ::rnet::NodeOp getReceiverNode();
    /// The element type of what travels, as a spec writes it.
    ::llvm::StringRef spellElement();
  }];
  let hasVerifier = 1;
}

def MuxOp : RNet_Op<"mux", [Pure, DeclareOpInterfaceMethods<AdjointOpInterface>]> {
  let summary = "how a node combines its inputs";
  let description = [{
    `sum` adds the inputs that are present, in operand order. `failover` adds the present inputs that are in no
    stand-in group, and the groups that count (see `#rnet.stand_in`). A row for which nothing is taken is absent.
    `kind` is left out until `rnet-select-scheme`.

    `averages` says which inputs the last operands, `rnet.average`s, are the averages of. One is added, behind all
    inputs, where neither its input nor what stands in for that is taken, while something else is: it makes no row present.

    Example: `%m = rnet.mux(%edge, %iot) by failover stand_ins [#rnet.stand_in<members = [1], stands_for = [0], bypassed = 1>] : (tensor<?x250xf32>, tensor<?x250xf32>) -> tensor<?x250xf32>`
  }];
  let arguments = (ins Variadic<RNet_Rows>:$terms, OptionalAttr<RNet_MuxKindAttr>:$kind,
                       DefaultValuedAttr<RNet_StandInArrayAttr, "{}">:$stand_ins,
                       OptionalAttr<DenseI64ArrayAttr>:$averages);
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = [{
    `(` $terms `)` (`averages` custom<Positions>($averages)^)? (`by` $kind^)? (`stand_ins` $stand_ins^)? attr-dict
    `:` functional-type($terms, $output)
  }];
  let extraClassDeclaration = [{
    /// The inputs whose averages the mux holds, as positions.
    ::llvm::ArrayRef<int64_t> getAveraged() {
      return getAverages().value_or(::llvm::ArrayRef<int64_t>());
    }
    /// The operands but averages.
    ::mlir::OperandRange getInputs() { return getTerms().drop_back(getAveraged().size()); }
    ::mlir::OperandRange getAverageTerms() { return getTerms().take_back(getAveraged().size()); }
    /// Positions of an input and of all that stand in for it.
    ::llvm::SmallVector<int64_t> findReplaceable(int64_t input);
  }];
  let hasVerifier = 1;
}

def AverageOp : RNet_Op<"average", [Pure, DeclareOpInterfaceMethods<KernelOpInterface,
                                                                    ["getKernelParameters", "getKernelStorage"]>]> {
  let summary = "what an input of a mux is on average, over the training rows while nothing fails";
  let description = [{
    A term of last resort of a mux: the same tensor in every row. The parameter has one axis, of the elements of a row.
    After `rnet-insert-routing` the op says where it counts.
    Example: `%a = rnet.average of @fog3_to_fog2.average : tensor<?x32xf32>`
  }];
  let arguments = (ins Optional<RNet_Mask>:$present, FlatSymbolRefAttr:$parameter);
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = "(`where` $present^)? `of` $parameter attr-dict `:` type($output)";
}

def OutputOp : RNet_Op<"output"> {
  let summary = "an output of the network";
  let description = [{
    `width` is the number of classes or elements as declared, `classes` their names where the spec has names.
    Example: `rnet.output "activity" %cloud width 13 : tensor<?x13xf32>`
  }];
  let arguments = (ins StrAttr:$name, RNet_Rows:$value, OptionalAttr<I64Attr>:$width,
                       OptionalAttr<StrArrayAttr>:$class_names);
  let assemblyFormat = "$name $value (`width` $width^)? (`classes` $class_names^)? attr-dict `:` type($value)";
}

def ExitOp : RNet_Op<"exit", [IsolatedFromAbove, ParentOneOf<["NetworkOp"]>]> {
  let summary = "an early exit: what a node answers for an output that has no answer";
  let description = [{
    The answer of a network is its output's where that is present, else that of the first exit, in their order, that is.
    The `head` region holds the exit's own layers; `rnet-attach-exits` moves them into the node, and afterwards the operand is the
    answer.

    ```mlir
    rnet.exit "activity" %fog2 head {
    ^bb0(%x: tensor<?x250xf32>):
      %d = rnet.dense %x units 13 weight @fog2.exit.dense1.weight bias @fog2.exit.dense1.bias
        : tensor<?x250xf32> -> tensor<?x13xf32>
      %p = rnet.softmax %d : tensor<?x13xf32> -> tensor<?x13xf32>
      rnet.yield %p : tensor<?x13xf32>
    } : tensor<?x250xf32>
    ```
  }];
  let arguments = (ins StrAttr:$output, RNet_Rows:$value);
  let regions = (region MaxSizedRegion<1>:$head);
  let assemblyFormat = "$output $value (`head` $head^)? attr-dict `:` type($value)";
  let extraClassDeclaration = [{
    /// The node that it is at.
    ::rnet::NodeOp getNode();
  }];
  let hasVerifier = 1;
}

def LinkOp : RNet_Op<"link", [ParentOneOf<["NetworkOp"]>]> {
  let summary = "a physical link, a bus or a switch: joins two nodes or more";
  let description = [{
    In a network without links every hyperconnection is a link of its own that never fails.
    Example: `rnet.link "lan" joins ["edge", "fog2", "fog1"]`
  }];
  let arguments = (ins StrAttr:$name, StrArrayAttr:$nodes);
  let assemblyFormat = "$name `joins` $nodes attr-dict";
  let hasVerifier = 1;
}

def GroupOp : RNet_Op<"group", [ParentOneOf<["NetworkOp"]>]> {
  let summary = "nodes and links that fail together, beside failing by themselves";
  let description = [{
    Example: `rnet.group "rack" holds ["fog2", "fog1", "lan"]`
  }];
  let arguments = (ins StrAttr:$name, StrArrayAttr:$members);
  let assemblyFormat = "$name `holds` $members attr-dict";
  let hasVerifier = 1;
}

def ReliabilityOp : RNet_Op<"reliability", [ParentOneOf<["NetworkOp"]>]> {
  let summary = "a reliability setting: the probability that each node, link or group is up";
  let description = [{
    Those that are not named never fail ("always"); they fail independently of each other.
    Example: `rnet.reliability "hazardous" {edge = 0.78, fog2 = 0.8, radio = 0.95}`
  }];
  let arguments = (ins StrAttr:$name, DictionaryAttr:$causes);
  let assemblyFormat = "$name $causes attr-dict";
  let hasVerifier = 1;
}

def BudgetOp : RNet_Op<"budget", [ParentOneOf<["NetworkOp"]>]> {
  let summary = "a limit of a node, in bytes";
  let description = [{
    `memory`: weights and activations of inference. `sent`: what one inference sends on all hyperconnections together.
    Enforced by `rnet-check-budgets`.  Example: `rnet.budget "edge" memory 512000`
  }];
  let arguments = (ins StrAttr:$node, RNet_BudgetKindAttr:$kind, I64Attr:$bytes);
  let assemblyFormat = "$node $kind $bytes attr-dict";
}

def RecipeOp : RNet_Op<"recipe", [ParentOneOf<["NetworkOp"]>]> {
  let summary = "how the network is trained, unless the command line says otherwise";
  let description = [{
    `exits` weighs the losses of exits beside that of the output.
    Example: `rnet.recipe {optimizer = "adam", rate = 1.0e-3, batch = 128, epochs = 50, seed = 42}`
  }];
  let arguments = (ins DefaultValuedAttr<StrAttr, "\"adam\"">:$optimizer, DefaultValuedAttr<F64Attr, "1e-3">:$rate,
                       DefaultValuedAttr<F64Attr, "0.9">:$beta1, DefaultValuedAttr<F64Attr, "0.999">:$beta2,
                       DefaultValuedAttr<F64Attr, "1e-7">:$epsilon, DefaultValuedAttr<F64Attr, "0.0">:$momentum,
                       DefaultValuedAttr<I64Attr, "128">:$batch, DefaultValuedAttr<I64Attr, "50">:$epochs,
                       DefaultValuedAttr<I64Attr, "0">:$seed, DefaultValuedAttr<BoolAttr, "true">:$keep_best,
                       DefaultValuedAttr<F64Attr, "0.0">:$weight_decay, DefaultValuedAttr<BoolAttr, "false">:$balanced,
                       DefaultValuedAttr<RNet_ScheduleAttr, "::rnet::ir::Schedule::Constant">:$schedule,
                       DefaultValuedAttr<F64Attr, "1.0">:$schedule_factor,
                       DefaultValuedAttr<I64Attr, "1">:$schedule_every, DefaultValuedAttr<I64Attr, "0">:$warmup,
                       DefaultValuedAttr<F64Attr, "0.0">:$rotation, DefaultValuedAttr<F64Attr, "0.0">:$shift,
                       DefaultValuedAttr<BoolAttr, "false">:$flip,
                       DefaultValuedAttr<BoolAttr, "false">:$failout_per_row,
                       DefaultValuedAttr<BoolAttr, "false">:$failout_stratified,
                       DefaultValuedAttr<BoolAttr, "false">:$failout_expected,
                       DefaultValuedAttr<F64Attr, "0.0">:$distill, DefaultValuedAttr<F64Attr, "0.3">:$exits);
  let assemblyFormat = "attr-dict";
}

#endif // RNET_NETWORK_OPS_TD
