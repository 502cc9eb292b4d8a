// The dialect itself, its enums and attributes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#ifndef RNET_DIALECT_TD
#define RNET_DIALECT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def RNet_Dialect : Dialect {
  let name = "rnet";
  let summary = "Neural networks partitioned over machines that may fail";
  let description = [{
    One `rnet.network` holds a whole network: physical nodes with their layers, the hyperconnections
    between them, and the facts of the spec (reliability settings, the training recipe). Every tensor is
    a batch of rows, `tensor<?x250xf32>`; the batch size is a parameter of a program.

    **Presence.** Any row may be absent, because its node is down or nothing reached it. At network
    level presence is implicit in every value: a layer gives an absent row for an absent row, a mux
    gives an absent row where it takes no input. `rnet-insert-routing` makes presence explicit, as a
    mask `tensor<?xi1>` beside the tensor (`where %present`).

    **Programs.** `rnet-partition-by-node` outlines one `rnet.program` per physical node. A training
    program is one straight line: forward, `rnet.reverse`, backward; values cross the line freely.

    **Parameters** are symbols named by layer (`@edge.dense1.weight`); their names are those of the
    tensors in the weights file.

    **Names** of the user's nodes, layers and hyperconnections are in attributes and in `NameLoc`s.
  }];
  let cppNamespace = "::rnet";
  let useDefaultAttributePrinterParser = 1;
}

//===-- Enums ---------------------------------------------------------------------------------===//

class RNet_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::rnet::ir"; // the runtime has enums of the same names
  let genSpecializedAttr = 0;
}
class RNet_EnumAttr<EnumInfo info, string mnemonic> : EnumAttr<RNet_Dialect, info, mnemonic>;

def RNet_Scheme : RNet_Enum<"Scheme", "how a topology is compiled (resilinet.md)", [
  I32EnumAttrCase<"Vanilla", 0, "vanilla">, I32EnumAttrCase<"DFG", 1, "dfg">,
  I32EnumAttrCase<"ResiliNet", 2, "resilinet">, I32EnumAttrCase<"ResiliNetPlus", 3, "resilinet_plus">]>;
def RNet_SchemeAttr : RNet_EnumAttr<RNet_Scheme, "scheme">;

def RNet_MuxKind : RNet_Enum<"MuxKind", "how a mux combines the inputs that are present", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Failover", 1, "failover">]>;
def RNet_MuxKindAttr : RNet_EnumAttr<RNet_MuxKind, "mux_kind">;

def RNet_HyperconnectionKind : RNet_Enum<"HyperconnectionKind", "simple or skip", [
  I32EnumAttrCase<"Simple", 0, "simple">, I32EnumAttrCase<"Skip", 1, "skip">]>;
def RNet_HyperconnectionKindAttr : RNet_EnumAttr<RNet_HyperconnectionKind, "hyperconnection_kind">;

def RNet_Element : RNet_Enum<"Element", "element type of what travels along a hyperconnection, or of a node's weights, where it is not f32", [
  I32EnumAttrCase<"BF16", 0, "bf16">, I32EnumAttrCase<"Int8", 1, "int8">]>;
def RNet_ElementAttr : RNet_EnumAttr<RNet_Element, "element">;

def RNet_Initializer : RNet_Enum<"Initializer", "first values of a parameter", [
  I32EnumAttrCase<"Zeros", 0, "zeros">, I32EnumAttrCase<"Ones", 1, "ones">,
  I32EnumAttrCase<"GlorotUniform", 2, "glorot_uniform">]>;
def RNet_InitializerAttr : RNet_EnumAttr<RNet_Initializer, "initializer">;

def RNet_Activation : RNet_Enum<"Activation", "activation fused into a layer", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Relu", 1, "relu">, I32EnumAttrCase<"Relu6", 2, "relu6">,
  I32EnumAttrCase<"Sigmoid", 3, "sigmoid">, I32EnumAttrCase<"Tanh", 4, "tanh">, I32EnumAttrCase<"Gelu", 5, "gelu">]>;
def RNet_ActivationAttr : RNet_EnumAttr<RNet_Activation, "activation">;

def RNet_Role : RNet_Enum<"Role", "what a program is for", [
  I32EnumAttrCase<"Infer", 0, "infer">, I32EnumAttrCase<"Train", 1, "train">]>;
def RNet_RoleAttr : RNet_EnumAttr<RNet_Role, "role">;

def RNet_BudgetKind : RNet_Enum<"BudgetKind", "what a budget limits", [
  I32EnumAttrCase<"Memory", 0, "memory">, I32EnumAttrCase<"Sent", 1, "sent">]>;
def RNet_BudgetKindAttr : RNet_EnumAttr<RNet_BudgetKind, "budget_kind">;

def RNet_Schedule : RNet_Enum<"Schedule", "how the learning rate goes on with the epochs", [
  I32EnumAttrCase<"Constant", 0, "constant">, I32EnumAttrCase<"Step", 1, "step">,
  I32EnumAttrCase<"Cosine", 2, "cosine">]>;
def RNet_ScheduleAttr : RNet_EnumAttr<RNet_Schedule, "schedule">;

//===-- Attributes ----------------------------------------------------------------------------===//

class RNet_Attr<string name, string attrMnemonic> : AttrDef<RNet_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def RNet_StandInAttr : RNet_Attr<"StandIn", "stand_in"> {
  let summary = "a group of skip inputs of a mux that stands in for simple inputs of it";
  let description = [{
    Positions are operands of the mux. In a `failover` mux a group counts where all of `stands_for` are absent and
    one of `members` is present, unless a group for the same inputs that bypasses fewer nodes counts.
    All present members of a group that counts are added.

    Example: `#rnet.stand_in<members = [1], stands_for = [0], bypassed = 1>`
  }];
  let parameters = (ins "::mlir::DenseI64ArrayAttr":$members, "::mlir::DenseI64ArrayAttr":$stands_for,
                        "int64_t":$bypassed);
  let assemblyFormat = [{
    `<` `members` `=` custom<Positions>($members) `,` `stands_for` `=` custom<Positions>($stands_for) `,`
    `bypassed` `=` $bypassed `>`
  }];
}
def RNet_StandInArrayAttr : TypedArrayAttrBase<RNet_StandInAttr, "stand-in groups of a mux">;

def RNet_WindowAttr : RNet_Attr<"Window", "window"> {
  let summary = "what slides over an image: kernel and stride, height first, and zero padding";
  let description = [{
    `pad` is top, bottom, left, right. Without it the padding is `same`, by TensorFlow's rule: along each side
    max((ceil(in / stride) - 1) * stride + kernel - in, 0) in all, half of it, rounded down, before the image.

    Example: `#rnet.window<kernel = [3, 3], stride = [2, 2], pad = [0, 1, 0, 1]>`
  }];
  let parameters = (ins "::mlir::DenseI64ArrayAttr":$kernel, "::mlir::DenseI64ArrayAttr":$stride,
                        OptionalParameter<"::mlir::DenseI64ArrayAttr">:$pad);
  let assemblyFormat = [{
    `<` `kernel` `=` custom<Positions>($kernel) `,` `stride` `=` custom<Positions>($stride)
    (`,` `pad` `=` custom<Positions>($pad)^)? `>`
  }];
  let genVerifyDecl = 1;
}

def RNet_NormalizedAttr : RNet_Attr<"Normalized", "normalized"> {
  let summary = "a batch normalisation that a layer's weights take up when they are loaded";
  let parameters = (ins "::mlir::FlatSymbolRefAttr":$gamma, "::mlir::FlatSymbolRefAttr":$beta,
                        "::mlir::FlatSymbolRefAttr":$mean, "::mlir::FlatSymbolRefAttr":$variance,
                        "::mlir::FloatAttr":$epsilon);
  let assemblyFormat = "`<` $gamma `,` $beta `,` $mean `,` $variance `,` `epsilon` `=` $epsilon `>`";
}

def RNet_QuantizedAttr : RNet_Attr<"Quantized", "quantized"> {
  let summary = "what a layer's weights become when they are loaded, behind the folding of a normalisation";
  let description = [{
    `bf16`: each weight is the nearest one, ties to even. `int8`: of each output (filter, unit), the nearest whole multiples, ties to even, of the
    largest magnitude / 127; the input is rounded to whole multiples of `scale`, a frozen parameter of shape [1] that training measures, as `rnet.round` does.
    Sums are of f32 with bf16, exact with int8; biases stay f32.

    Example: `#rnet.quantized<bf16>`, `#rnet.quantized<int8, @edge.dense1.scale>`
  }];
  let parameters = (ins EnumParameter<RNet_Element>:$element, OptionalParameter<"::mlir::FlatSymbolRefAttr">:$scale);
  let assemblyFormat = "`<` $element (`,` $scale^)? `>`";
  let genVerifyDecl = 1;
}

def RNet_ArenaAttr : RNet_Attr<"Arena", "arena"> {
  let summary = "memory that a program needs for each row of a batch: elements and presence masks";
  let parameters = (ins "int64_t":$columns, "int64_t":$masks);
  let assemblyFormat = "`<` `columns` `=` $columns `,` `masks` `=` $masks `>`";
}

//===-- Types ---------------------------------------------------------------------------------===//

def RNet_Rows : Type<CPred<"::rnet::isRows($_self)">,
    "batch of rows: f32 tensor with a dynamic first dimension, or unranked before shapes are inferred",
    "::mlir::TensorType">;
def RNet_Mask : Type<CPred<"::rnet::isMask($_self)">, "presence mask tensor<?xi1>",
    "::mlir::RankedTensorType">,
    BuildableType<"::mlir::RankedTensorType::get({::mlir::ShapedType::kDynamic}, $_builder.getI1Type())">;

#endif // RNET_DIALECT_TD
