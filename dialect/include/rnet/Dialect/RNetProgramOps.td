// Failout, the turn from forward to backward, and the program of one physical node.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RNET_PROGRAM_OPS_TD
#define RNET_PROGRAM_OPS_TD

include "rnet/Dialect/RNetNetworkOps.td"

//===-- In a node, presence implicit ----------------------------------------------------------===//

def FailoutOp : RNet_Op<"failout", [Pure, AllTypesMatch<["input", "output"]>, DeclareOpInterfaceMethods<AdjointOpInterface>]> {
  let summary = "makes rows absent by the failout mask of this node";
  let description = [{
    Values do not change and are not rescaled; every row drawn as down becomes absent (ResiliNet's failout).
    Example: `%f = rnet.failout %m : tensor<?x250xf32>`
  }];
  let arguments = (ins RNet_Rows:$input);
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = "$input attr-dict `:` type($input)";
}

def MuxAdjointOp : RNet_Op<"mux_adjoint", [Pure, AllTypesMatch<["gradient", "mux", "output"]>]> {
  let summary = "the gradient of one input of a mux: the mux's own, for the rows in which the input was taken";
  let description = "Example: `%g1 = rnet.mux_adjoint %g of %m input 1 : tensor<?x250xf32>`";
  let arguments = (ins RNet_Rows:$gradient, RNet_Rows:$mux, I64Attr:$input);
  let results = (outs RNet_Rows:$output);
  let assemblyFormat = "$gradient `of` $mux `input` $input attr-dict `:` type($gradient)";
  let extraClassDeclaration = "::rnet::MuxOp getMuxOp();";
  let hasVerifier = 1;
}

def ReverseOp : RNet_Op<"reverse"> {
  let summary = "where forward ends and backward begins";
  let description = [{
    Operands are the values sent to other nodes, results the gradients that come back for them. Everything
    after this op is the backward program. Routing leaves it without operands.
    Example: `%g = rnet.reverse(%y) : (tensor<?x250xf32>) -> tensor<?x250xf32>`
  }];
  let arguments = (ins Variadic<RNet_Rows>:$values);
  let results = (outs Variadic<RNet_Rows>:$gradients);
  let assemblyFormat = "`(` $values `)` attr-dict `:` functional-type($values, $gradients)";
  let hasVerifier = 1;
}

//===-- The program of a node -----------------------------------------------------------------===//

def ProgramOp : RNet_Op<"program", [IsolatedFromAbove, Symbol, SymbolTable, NoTerminator, SingleBlock]> {
  let summary = "what one physical node computes: its inference or its training program";
  let description = [{
    Parameters of the node stand first. `inputs` names what reaches the node, in mux order: hyperconnections and
    network inputs. `outputs` names, for each result, the hyperconnections on which it is sent. Before
    `rnet-insert-routing` the block's arguments are the inputs and `rnet.yield` lists the results; after it,
    `rnet.receive` and `rnet.send`. `arena` is set by `rnet-plan-buffers`.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, RNet_RoleAttr:$role, StrAttr:$node, FlatSymbolRefAttr:$network,
                       StrArrayAttr:$inputs, ArrayAttr:$outputs, OptionalAttr<RNet_ArenaAttr>:$arena);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name $role $node `of` $network `in` $inputs `out` $outputs (`arena` $arena^)? attr-dict-with-keyword $body
  }];
  let extraClassDeclaration = [{
    /// The turn of a training program, null in an inference program.
    ::rnet::ReverseOp getReverse();
    /// Names of the outgoing hyperconnections, all results in turn.
    ::llvm::SmallVector<::llvm::StringRef> getOutgoing();
  }];
}

//===-- Routing: presence is explicit ---------------------------------------------------------===//

def ReceiveOp : RNet_Op<"receive"> {
  let summary = "an input of the node and its presence";
  let description = [{
    `index` is the position in the program's inputs.
    Example: `%edge, %edge_present = rnet.receive "edge_to_fog2" at 0 : tensor<?x250xf32>`
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$index);
  let results = (outs RNet_Rows:$value, RNet_Mask:$present);
  let assemblyFormat = "$name `at` $index attr-dict `:` type($value)";
}

def SendOp : RNet_Op<"send"> {
  let summary = "a result of the node, sent along its hyperconnections; absent rows are sent as absent";
  let description = "Example: `rnet.send %dense2 where %present at 0 : tensor<?x250xf32>`";
  let arguments = (ins RNet_Rows:$value, RNet_Mask:$present, I64Attr:$index);
  let assemblyFormat = "$value `where` $present `at` $index attr-dict `:` type($value)";
}

def ReceiveGradientOp : RNet_Op<"receive_gradient"> {
  let summary = "the gradient that comes back along an outgoing hyperconnection";
  let description = [{
    Present are the rows that the receiver took. `index` counts the node's outgoing hyperconnections.
    Example: `%g, %g_present = rnet.receive_gradient "fog2_to_fog1" at 0 : tensor<?x250xf32>`
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$index);
  let results = (outs RNet_Rows:$value, RNet_Mask:$present);
  let assemblyFormat = "$name `at` $index attr-dict `:` type($value)";
}

def SendGradientOp : RNet_Op<"send_gradient"> {
  let summary = "the gradient of an input, handed back to its sender";
  let description = "Example: `rnet.send_gradient %g where %taken at 1 : tensor<?x250xf32>`";
  let arguments = (ins RNet_Rows:$value, RNet_Mask:$present, I64Attr:$index);
  let assemblyFormat = "$value `where` $present `at` $index attr-dict `:` type($value)";
}

def FailoverOp : RNet_Op<"failover", [Pure]> {
  let summary = "masks of the inputs that a failover mux takes, out of those that are present";
  let description = [{
    Example: `%t:2 = rnet.failover(%p0, %p1) stand_ins [#rnet.stand_in<members = [1], stands_for = [0], bypassed = 1>]`
  }];
  let arguments = (ins Variadic<RNet_Mask>:$present, RNet_StandInArrayAttr:$stand_ins);
  let results = (outs Variadic<RNet_Mask>:$taken);
  let assemblyFormat = "`(` $present `)` `stand_ins` $stand_ins attr-dict `:` type($taken)";
  let hasVerifier = 1;
}

def MissingOp : RNet_Op<"missing", [Pure, AttrSizedOperandSegments]> {
  let summary = "rows in which none of some masks is set, while one of others is: where an average counts";
  let description = "Example: `%w = rnet.missing(%t0, %t2) beside(%t1)`";
  let arguments = (ins Variadic<RNet_Mask>:$inputs, Variadic<RNet_Mask>:$others);
  let results = (outs RNet_Mask:$output);
  let assemblyFormat = "`(` $inputs `)` `beside` `(` $others `)` attr-dict";
}

def JoinOp : RNet_Op<"join", [Pure, SameVariadicOperandSize]> {
  let summary = "adds the inputs that are present, in order; a row is absent where none is";
  let description = "Example: `%m, %present = rnet.join(%edge, %iot) where(%t0, %t1) : tensor<?x250xf32>`";
  let arguments = (ins Variadic<RNet_Rows>:$inputs, Variadic<RNet_Mask>:$masks);
  let results = (outs RNet_Rows:$output, RNet_Mask:$present);
  let assemblyFormat = "`(` $inputs `)` `where` `(` $masks `)` attr-dict `:` custom<JoinTypes>(ref($inputs), type($inputs), ref($masks), type($masks), type($output))";
  let hasVerifier = 1;
}

def IntersectOp : RNet_Op<"intersect", [Pure]> {
  let summary = "rows present in both masks";
  let description = "Example: `%p = rnet.intersect %a, %b`";
  let arguments = (ins RNet_Mask:$lhs, RNet_Mask:$rhs);
  let results = (outs RNet_Mask:$output);
  let assemblyFormat = "$lhs `,` $rhs attr-dict";
  let hasFolder = 1;
}

def AliveOp : RNet_Op<"alive", [Pure]> {
  let summary = "the failout mask of this node, drawn by the trainer";
  let results = (outs RNet_Mask:$alive);
  let assemblyFormat = "attr-dict";
}

#endif // RNET_PROGRAM_OPS_TD
