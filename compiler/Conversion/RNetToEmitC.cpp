// convert-rnet-to-emitc: planned programs to C++ classes.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Conversion/Passes.h"

#include "NetworkIndex.h"
#include "rnet/Transforms/Passes.h"

#include "mlir/Dialect/EmitC/IR/EmitC.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

namespace rnet {
#define GEN_PASS_DEF_CONVERTRNETTOEMITC
#include "rnet/Conversion/Passes.h.inc"
} // namespace rnet

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;
using llvm::formatv;

/// The member that holds a layer's parameters: `fog2.dense1.weight` is in dense1_ on fog2.
static std::string memberName(StringRef parameter, StringRef node) {
  parameter = parameter.rsplit('.').first;
  if (parameter.starts_with(node) && parameter.drop_front(node.size()).starts_with("."))
    parameter = parameter.drop_front(node.size() + 1);
  std::string name = parameter.str();
  std::replace(name.begin(), name.end(), '.', '_');
  return name + "_";
}

namespace {

/// Writes one program as one class.
class ClassEmitter {
public:
  ClassEmitter(ProgramOp program, const NetworkIndex &index)
      : program(program), index(index), network(index.network),
        trains(program.getRole() == Role::Train), builder(program.getContext()),
        where(program.getLoc()) {
    if (auto name = dyn_cast<NameLoc>(where)) // a name would make a local of every expression
      where = name.getChildLoc();
  }

  LogicalResult emit() {
    const std::string folder = program.getNode().str();
    builder.setInsertionPoint(program);
    auto file = emitc::FileOp::create(builder, where,
                                      folder + "/" + folder + (trains ? "_trainer.h" : ".h"));
    builder.setInsertionPointToStart(&file.getBodyRegion().front());
    for (const std::string &line : describeNode(program, index))
      verbatim(line);
    verbatim("#pragma once");
    verbatim("");
    if (trains)
      include("network.h");
    include(trains ? "rnet/train/training.h" : "rnet/core/inference.h");
    verbatim("");
    verbatim("namespace " + network.getSymName() + " {");
    verbatim("");
    if (trains)
      verbatim("template <class T>");
    auto classOp = emitc::ClassOp::create(builder, where, program.getSymName(), /*final=*/true);
    classOp->setAttr(
        kBaseAttr, builder.getStringAttr(trains ? "rnet::train::NodeTrainer<T>" : "rnet::Program"));
    {
      OpBuilder::InsertionGuard guard(builder);
      members = &classOp.getBody().emplaceBlock();
      if (failed(trains ? emitTrainer() : emitProgram()))
        return failure();
    }
    verbatim("");
    verbatim("} // namespace " + network.getSymName());
    program.erase();
    return success();
  }

private:
  //===-- Small things ------------------------------------------------------------------------===//

  emitc::OpaqueType opaque(const Twine &text) {
    return emitc::OpaqueType::get(builder.getContext(),
                                  StringAttr::get(builder.getContext(), text));
  }
  Location named(const Twine &name) { return NameLoc::get(builder.getStringAttr(name), where); }
  void verbatim(const Twine &text, ValueRange arguments = {}) {
    emitc::VerbatimOp::create(builder, where, builder.getStringAttr(text), arguments);
  }
  void include(StringRef header) {
    emitc::IncludeOp::create(builder, where, header, /*isStandard=*/false);
  }
  Value literal(const Twine &text, const Twine &type = "auto") {
    return emitc::LiteralOp::create(builder, where, opaque(type), builder.getStringAttr(text));
  }
  /// A literal with a NameLoc is a local of that name.
  Value local(const Twine &name, const Twine &text, const Twine &type) {
    return emitc::LiteralOp::create(builder, named(name), opaque(type),
                                    builder.getStringAttr(text));
  }
  void call(StringRef callee, ValueRange operands) {
    emitc::CallOpaqueOp::create(builder, where, TypeRange(), callee, operands);
  }
  std::string rowsType(Type type, bool isConst = false) {
    return formatv("rnet::Rows<{0}, {1}{2}>", getRowWidth(type), isConst ? "const " : "",
                   trains ? "T" : "float");
  }
  /// `SOURCE.rows<WIDTH>(ARGUMENTS)` as a local.
  Value rows(const Twine &name, const Twine &source, Type type, ArrayRef<int64_t> arguments,
             bool isConst) {
    SmallVector<Attribute> values;
    for (int64_t argument : arguments)
      values.push_back(emitc::OpaqueAttr::get(builder.getContext(), std::to_string(argument)));
    auto width = emitc::OpaqueAttr::get(builder.getContext(), std::to_string(getRowWidth(type)));
    auto call = emitc::CallOpaqueOp::create(
        builder, named(name), TypeRange(opaque(rowsType(type, isConst))),
        (source + (trains ? ".template rows" : ".rows")).str(), ValueRange(),
        builder.getArrayAttr(values), builder.getArrayAttr({width}));
    call->setAttr(kCommentAttr, builder.getStringAttr(describeRows(type)));
    return call.getResult(0);
  }
  Value mask(const Twine &name, int64_t index) {
    auto argument = emitc::OpaqueAttr::get(builder.getContext(), std::to_string(index));
    return emitc::CallOpaqueOp::create(builder, named(name), TypeRange(opaque("rnet::Presence")),
                                       "arena.mask", ValueRange(), builder.getArrayAttr({argument}))
        .getResult(0);
  }

  /// What a value is called: the user's name, else what the op is.
  std::string nameOf(Value value) {
    Operation *op = value.getDefiningOp();
    std::string name = getUserName(op).str();
    if (name.empty())
      name = op->getName().stripDialect().str();
    if (isMask(value.getType())) {
      if (isa<ReceiveOp, ReceiveGradientOp>(op))
        return name + "_present";
      if (auto failover = dyn_cast<FailoverOp>(op)) {
        // The mask of an input, as the failover mux sees it.
        auto receive =
            failover.getPresent()[cast<OpResult>(value).getResultNumber()].getDefiningOp();
        return (receive ? getUserName(receive).str() : name) + "_taken";
      }
      if (isa<JoinOp>(op))
        return "present";
    }
    return name;
  }

  //===-- Classes -----------------------------------------------------------------------------===//

  emitc::FuncOp function(StringRef name, ArrayRef<std::pair<std::string, std::string>> parameters,
                         StringRef suffix, const Twine &result = "void") {
    SmallVector<Type> types;
    for (const auto &[type, parameter] : parameters)
      types.push_back(opaque(type));
    builder.setInsertionPointToEnd(members);
    SmallVector<Type> results;
    if (result.str() != "void")
      results.push_back(opaque(result));
    auto func =
        emitc::FuncOp::create(builder, where, name, builder.getFunctionType(types, results));
    func->setAttr(kSuffixAttr, builder.getStringAttr(suffix));
    Block *entry = func.addEntryBlock();
    for (auto [argument, parameter] : llvm::zip_equal(entry->getArguments(), parameters))
      argument.setLoc(named(parameter.second));
    builder.setInsertionPointToStart(entry);
    values.clear();
    return func;
  }
  void field(const Twine &name, const Twine &type, const Twine &comment = "") {
    builder.setInsertionPointToEnd(members);
    auto field = emitc::FieldOp::create(builder, where, name.str(), opaque(type), Attribute());
    if (std::string text = comment.str(); !text.empty())
      field->setAttr(kCommentAttr, builder.getStringAttr(text));
  }
  void returnValue(Value value = {}) { emitc::ReturnOp::create(builder, where, value); }

  LogicalResult emitProgram() {
    ArenaAttr arena = program.getArenaAttr();
    // Storage: one member for each layer that has parameters.
    llvm::SetVector<KernelOpInterface> stored;
    for (Operation &op : program.getBody().front())
      if (auto kernel = dyn_cast<KernelOpInterface>(op);
          kernel && !kernel.getKernelStorage().empty())
        stored.insert(kernel);

    function("load", {{"const rnet::WeightsFile &", "weights"}}, "override", "rnet::Status");
    verbatim("rnet::Loader loader(weights);");
    for (KernelOpInterface kernel : stored) {
      verbatim("loader.load(" + storageName(kernel) + ", " + kernel.getKernelLoad() + ");");
    }
    returnValue(literal("loader.status()", "rnet::Status"));

    function("arena_plan", {}, "const noexcept override", "rnet::ArenaPlan");
    returnValue(literal(formatv("{{{0}, {1}}", arena.getColumns(), arena.getMasks()).str(),
                        "rnet::ArenaPlan"));

    function("infer",
             {{"std::span<const rnet::Tensor<const float>>", "inputs"},
              {"std::span<const rnet::Tensor<float>>", "outputs"},
              {"rnet::Arena &", "arena"}},
             "const noexcept override");
    verbatim("const rnet::FlushDenormals flush_denormals;");
    if (arena.getColumns() == 0 && arena.getMasks() == 0)
      verbatim("(void)arena;");
    for (Operation &op : program.getBody().front())
      if (failed(emitOp(&op)))
        return failure();
    returnValue();

    for (KernelOpInterface kernel : stored)
      field(storageName(kernel), kernel.getKernelStorage(),
            (isa<AverageOp>(kernel) ? "" : describeRows(kernel->getOperand(0).getType()) + " -> ") +
                describeRows(kernel->getResult(0).getType()));
    return success();
  }

  LogicalResult emitTrainer() {
    ArenaAttr arena = program.getArenaAttr();
    ReverseOp reverse = program.getReverse();
    if (!reverse)
      return program.emitOpError("has no rnet.reverse");
    findKept(reverse);
    auto parameters = program.getOps<ParameterOp>();
    for (ParameterOp parameter : parameters)
      parameterIndex.insert({parameter.getSymName(), parameterIndex.size()});

    builder.setInsertionPointToEnd(members);
    verbatim("explicit " + program.getSymName() + "(std::size_t capacity) : arena_({" +
             std::to_string(arena.getColumns()) + ", " + std::to_string(arena.getMasks()) +
             "}, capacity) {}");
    verbatim("");
    function("parameters", {}, "override", "std::span<const rnet::train::Parameter<T>>");
    returnValue(literal("parameters_.span()", "std::span<const rnet::train::Parameter<T>>"));

    const std::string inputs = "std::span<const rnet::Tensor<const T>>",
                      outputs = "std::span<rnet::Tensor<const T>>";
    auto begin = [&] { verbatim("[[maybe_unused]] const auto arena = arena_.arena(step.rows);"); };
    function("forward",
             {{"rnet::train::StepContext &", "step"},
              {inputs, "inputs"},
              {"rnet::Presence", "alive"},
              {outputs, "outputs"}},
             "override");
    begin();
    if (program.getOps<AliveOp>().empty())
      verbatim("(void)alive;");
    Block &body = program.getBody().front();
    for (Operation &op : llvm::make_range(body.begin(), Block::iterator(reverse)))
      if (failed(emitOp(&op)))
        return failure();
    returnValue();

    function("backward",
             {{"rnet::train::StepContext &", "step"},
              {inputs, "output_gradients"},
              {outputs, "input_gradients"}},
             "override");
    begin();
    verbatim("(void)output_gradients, (void)input_gradients;");
    for (Operation &op : llvm::make_range(std::next(Block::iterator(reverse)), body.end()))
      if (failed(emitOp(&op)))
        return failure();
    returnValue();

    // They stand together in the network, in the order of the program.
    const size_t count = parameterIndex.size();
    const int64_t first = count ? index.parameters.lookup((*parameters.begin()).getSymName()) : 0;
    field("parameters_", "rnet::train::ParameterStore<T>");
    members->back().setAttr(
        "rnet.initializer",
        builder.getStringAttr(
            formatv("{{network().parameters.subspan({0}, {1})}", first, count).str()));
    llvm::StringSet<> states;
    for (Operation &op : body)
      if (auto kernel = dyn_cast<KernelOpInterface>(op);
          kernel && !kernel.getKernelState().empty() && states.insert(storageName(kernel)).second)
        field(storageName(kernel), kernel.getKernelState());
    field("arena_", "rnet::ArenaStorage<T>");
    for (ReceiveOp receive : kept)
      field(keptName(receive), "rnet::Tensor<const T>", "kept for the way back");
    return success();
  }

  std::string storageName(KernelOpInterface kernel) {
    if (isa<AverageOp>(kernel))
      return nameOf(kernel->getResult(0)) + "_";
    return memberName(kernel.getKernelParameters().front().getValue(), program.getNode());
  }

  //===-- Values ------------------------------------------------------------------------------===//

  /// Received tensors and masks that the backward program reads stay in members.
  void findKept(ReverseOp reverse) {
    for (Operation &op :
         llvm::make_range(Block::iterator(reverse), program.getBody().front().end()))
      for (Value operand : op.getOperands())
        if (auto receive = lookThroughViews(operand).getDefiningOp<ReceiveOp>())
          kept.insert(receive);
  }
  std::string keptName(ReceiveOp receive) { return nameOf(receive.getValue()) + "_"; }

  /// The emitted value for a value of the program. In backward, values of forward are found again
  /// where they lie.
  Value valueOf(Value value) {
    value = lookThroughViews(value);
    if (Value known = values.lookup(value))
      return known;
    Operation *op = value.getDefiningOp();
    Value emitted;
    if (auto receive = dyn_cast<ReceiveOp>(op))
      emitted = value == receive.getValue()
                    ? rows(nameOf(value), keptName(receive), value.getType(), {}, true)
                    : local(nameOf(value), keptName(receive) + ".present", "rnet::Presence");
    else if (isa<AliveOp>(op))
      emitted = literal("alive", "rnet::Presence");
    else
      emitted = place(value);
    return values[value] = emitted;
  }

  /// The planned place of a value, as a local.
  Value place(Value value) {
    Operation *op = value.getDefiningOp();
    const unsigned number = cast<OpResult>(value).getResultNumber();
    auto places = op->getAttrOfType<DenseI64ArrayAttr>(kPlaceAttr);
    assert(places && "the program has been planned");
    const int64_t at = places[number];
    if (isMask(value.getType()))
      return mask(nameOf(value), at);
    if (at >= 0)
      return rows(nameOf(value), "arena", value.getType(), {at}, false);
    const int64_t output = op->getAttrOfType<IntegerAttr>(kSentAtAttr).getInt();
    return rows(nameOf(value), "outputs[" + Twine(output) + "]", value.getType(), {}, false);
  }

  Value parameter(FlatSymbolRefAttr symbol) {
    return literal("parameters_[" + Twine(parameterIndex.lookup(symbol.getValue())) + "]",
                   "rnet::train::Parameter<T>");
  }

  //===-- Ops ---------------------------------------------------------------------------------===//

  LogicalResult emitOp(Operation *op) {
    if (auto kernel = dyn_cast<KernelOpInterface>(op)) {
      emitKernel(kernel);
    } else if (auto receive = dyn_cast<ReceiveOp>(op)) {
      emitReceive("inputs", receive.getIndex(), receive.getValue(), receive.getPresent());
      if (kept.contains(receive))
        verbatim(keptName(receive) + " = inputs[" + Twine(receive.getIndex()) + "];");
    } else if (auto receive = dyn_cast<ReceiveGradientOp>(op)) {
      emitReceive("output_gradients", receive.getIndex(), receive.getValue(), receive.getPresent());
    } else if (auto send = dyn_cast<SendOp>(op)) {
      emitSend(send);
    } else if (auto send = dyn_cast<SendGradientOp>(op)) {
      verbatim("input_gradients[" + Twine(send.getIndex()) + "] = rnet::tensor<const T>({}, {});",
               {valueOf(send.getValue()), valueOf(send.getPresent())});
    } else if (auto join = dyn_cast<JoinOp>(op)) {
      emitJoin(join);
    } else if (auto failover = dyn_cast<FailoverOp>(op)) {
      emitFailover(failover);
    } else if (auto missing = dyn_cast<MissingOp>(op)) {
      emitMissing(missing);
    } else if (auto intersect = dyn_cast<IntersectOp>(op)) {
      Value lhs = valueOf(intersect.getLhs()), rhs = valueOf(intersect.getRhs());
      call("rnet::intersect", {lhs, rhs, valueOf(intersect.getOutput())});
    } else if (!isa<ParameterOp, AliveOp>(op) && !isView(op)) {
      return op->emitOpError(
          "cannot be converted: run rnet-insert-routing and rnet-plan-buffers first");
    }
    return success();
  }

  void emitReceive(StringRef source, int64_t index, Value value, Value present) {
    const std::string element = formatv("{0}[{1}]", source, index);
    if (!value.use_empty())
      values[value] = rows(nameOf(value), element, value.getType(), {}, true);
    if (!present.use_empty())
      values[present] = local(nameOf(present), element + ".present", "rnet::Presence");
  }

  void emitKernel(KernelOpInterface kernel) {
    SmallVector<Value> operands;
    if (trains)
      operands.push_back(literal("step", "rnet::train::StepContext &"));
    auto present = kernel.getPresentMutable();
    for (OpOperand &operand : present)
      operands.push_back(valueOf(operand.get()));
    for (Value operand : kernel->getOperands())
      if (!isMask(operand.getType()))
        operands.push_back(valueOf(operand));
    if (trains)
      for (FlatSymbolRefAttr symbol : kernel.getKernelParameters())
        operands.push_back(parameter(symbol));
    if (trains && !kernel.getKernelState().empty())
      operands.push_back(literal(storageName(kernel), kernel.getKernelState()));
    else if (!trains && !kernel.getKernelStorage().empty())
      operands.push_back(literal(storageName(kernel), kernel.getKernelStorage()));
    for (Attribute attribute : kernel.getKernelLiterals())
      operands.push_back(literal(spell(attribute), "double"));
    for (Value result : kernel->getResults())
      operands.push_back(valueOf(result));
    call((trains ? "rnet::train::" : "rnet::") + kernel.getKernelName(), operands);
  }

  /// A constant as C++, exact.
  std::string spell(Attribute attribute) {
    std::string text;
    llvm::raw_string_ostream stream(text);
    if (auto number = dyn_cast<FloatAttr>(attribute)) {
      stream << llvm::format("%.17g", number.getValueAsDouble());
      if (text.find_first_of(".en") == std::string::npos)
        text += ".0";
    } else {
      stream << cast<IntegerAttr>(attribute).getInt();
    }
    return text + (!trains && isa<FloatAttr>(attribute) ? "f" : "");
  }

  void emitSend(SendOp send) {
    const std::string element = formatv("outputs[{0}]", send.getIndex());
    Value present = valueOf(send.getPresent());
    if (trains) {
      verbatim(element + " = rnet::tensor<const T>({}, {});", {valueOf(send.getValue()), present});
      return;
    }
    Operation *source = lookThroughViews(send.getValue()).getDefiningOp();
    auto sentAt = source->getAttrOfType<IntegerAttr>(kSentAtAttr);
    if (!sentAt) {
      Value value = valueOf(send.getValue());
      Value to =
          rows("output" + Twine(send.getIndex()), element, send.getValue().getType(), {}, false);
      call("rnet::copy", {present, value, to});
    }
    call("rnet::send", {present, literal(element + ".present", "rnet::Presence")});
  }

  void emitJoin(JoinOp join) {
    SmallVector<Value> operands;
    std::string format = "rnet::join({}, {}";
    for (auto [input, mask] : llvm::zip_equal(join.getInputs(), join.getMasks())) {
      format += ", rnet::addend({}, {})";
      operands.push_back(valueOf(mask));
      operands.push_back(valueOf(input));
    }
    Value output = valueOf(join.getOutput()), present = valueOf(join.getPresent());
    operands.insert(operands.begin(), {present, output});
    verbatim(format + ");", operands);
  }

  void emitMissing(MissingOp missing) {
    SmallVector<Value> operands;
    auto list = [&](ValueRange masks) {
      std::string text = "{{";
      for (Value mask : masks) {
        text += text.size() > 2 ? ", {}" : "{}";
        operands.push_back(valueOf(mask));
      }
      return text + "}";
    };
    const std::string inputs = list(missing.getInputs()), others = list(missing.getOthers());
    operands.push_back(valueOf(missing.getOutput()));
    verbatim("rnet::missing(" + inputs + ", " + others + ", {});", operands);
  }

  void emitFailover(FailoverOp failover) {
    auto bits = [](DenseI64ArrayAttr positions) {
      uint64_t mask = 0;
      for (int64_t position : positions.asArrayRef())
        mask |= uint64_t(1) << position;
      std::string text;
      for (; mask || text.empty(); mask >>= 1)
        text.insert(text.begin(), mask & 1 ? '1' : '0');
      return "0b" + text;
    };
    // A stand-in: what it stands for, its members, how many nodes it bypasses.
    std::string groups = "static constexpr rnet::StandIn stand_ins[] = {";
    StringRef separator = "";
    for (auto group : failover.getStandIns().getAsRange<StandInAttr>()) {
      groups += formatv("{0}{{{1}, {2}, {3}}", separator, bits(group.getStandsFor()),
                        bits(group.getMembers()), group.getBypassed())
                    .str();
      separator = ", ";
    }
    verbatim(groups + "};");

    SmallVector<Value> operands =
        llvm::map_to_vector(failover.getPresent(), [&](Value v) { return valueOf(v); });
    for (Value taken : failover.getTaken())
      operands.push_back(valueOf(taken));
    const size_t count = failover.getPresent().size();
    auto braces = [&] {
      std::string text = "{{";
      for (size_t k = 0; k < count; ++k)
        text += k ? ", {}" : "{}";
      return text + "}";
    };
    verbatim("rnet::failover(rnet::Mux{{rnet::MuxKind::failover, stand_ins}, " + braces() + ", " +
                 braces() + ");",
             operands);
  }

  ProgramOp program;
  const NetworkIndex &index;
  NetworkOp network;
  bool trains;
  OpBuilder builder;
  Location where;
  Block *members = nullptr;
  llvm::DenseMap<Value, Value> values;
  llvm::StringMap<int64_t> parameterIndex;
  llvm::SetVector<ReceiveOp> kept;
};

struct ConvertRNetToEmitC : rnet::impl::ConvertRNetToEmitCBase<ConvertRNetToEmitC> {
  using ConvertRNetToEmitCBase::ConvertRNetToEmitCBase;

  void runOnOperation() override {
    const SymbolTable symbols(getOperation());
    llvm::DenseMap<NetworkOp, std::unique_ptr<NetworkIndex>> indices;
    for (auto program : llvm::make_early_inc_range(getOperation().getOps<ProgramOp>())) {
      auto network = symbols.lookup<NetworkOp>(program.getNetwork());
      if (!network) {
        program.emitOpError("is of a network that is not here");
        return signalPassFailure();
      }
      if (!program.getArenaAttr()) {
        program.emitOpError("must be planned before it is converted: run rnet-plan-buffers");
        return signalPassFailure();
      }
      std::unique_ptr<NetworkIndex> &index = indices[network];
      if (!index)
        index = std::make_unique<NetworkIndex>(network);
      if (failed(ClassEmitter(program, *index).emit()))
        return signalPassFailure();
    }
  }
};
} // namespace
