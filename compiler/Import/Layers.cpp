// From layers of the model to ops: one builder for each kind of grammars/lib/Layers.cpp.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Context.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace rnet;
using namespace rnet::ir;

namespace {

class LayerImporter {
public:
  LayerImporter(ImportContext &context, const model::Layer &layer)
      : context(context), builder(context.builder), layer(layer), where(context.named(layer)) {}

  /// The ops of the layer, its activation included.
  Value run(Value value) {
    if (layer.kind == "residual")
      return residual(value);
    if (layer.kind == "concat")
      return concat(value);
    value = (this->*builderOf(layer.kind))(value);
    auto activation = layer.words.find("activation");
    if (activation == layer.words.end())
      return value;
    where = context.named(layer, activation->second);
    return (this->*builderOf(activation->second))(value);
  }

private:
  using Build = Value (LayerImporter::*)(Value);

  static Build builderOf(StringRef kind) {
    static const llvm::StringMap<Build> builders = {
        {"dense", &LayerImporter::dense},
        {"conv", &LayerImporter::conv},
        {"depthwise_conv", &LayerImporter::depthwiseConv},
        {"batch_norm", &LayerImporter::batchNorm},
        {"max_pool", &LayerImporter::pool<MaxPoolOp>},
        {"avg_pool", &LayerImporter::pool<AvgPoolOp>},
        {"global_avg_pool", &LayerImporter::plain<GlobalAvgPoolOp>},
        {"flatten", &LayerImporter::reshape},
        {"reshape", &LayerImporter::reshape},
        {"zero_pad", &LayerImporter::zeroPad},
        {"dropout", &LayerImporter::dropout},
        {"scale", &LayerImporter::scale},
        {"relu", &LayerImporter::plain<ReluOp>},
        {"relu6", &LayerImporter::plain<Relu6Op>},
        {"sigmoid", &LayerImporter::plain<SigmoidOp>},
        {"tanh", &LayerImporter::plain<TanhOp>},
        {"gelu", &LayerImporter::plain<GeluOp>},
        {"softmax", &LayerImporter::plain<SoftmaxOp>}};
    auto found = builders.find(kind);
    assert(found != builders.end() && "the checker lets through only layers that have a builder");
    return found->second;
  }

  //===-- Arguments ---------------------------------------------------------------------------===//

  int64_t count(const char *name) const { return static_cast<int64_t>(layer.numbers.at(name)); }
  FloatAttr real(const char *name) { return builder.getF64FloatAttr(layer.numbers.at(name)); }

  FlatSymbolRefAttr parameter(const char *name, Initializer initializer, bool frozen = false) {
    return context.parameter(layer.path + "." + name, initializer, frozen, where,
                             layer.original.empty() ? "" : layer.original + "." + name);
  }
  FlatSymbolRefAttr weight() { return parameter("weight", Initializer::GlorotUniform); }
  FlatSymbolRefAttr bias() {
    return layer.numbers.at("bias") != 0 ? parameter("bias", Initializer::Zeros)
                                         : FlatSymbolRefAttr();
  }
  ActivationAttr linear() { return ActivationAttr::get(builder.getContext(), Activation::None); }

  /// Pools go on by the size of their kernel unless they say otherwise.
  WindowAttr window() {
    const std::vector<int64_t> &kernel = layer.sizes.at("kernel");
    auto stride = layer.sizes.find("stride");
    DenseI64ArrayAttr pad;
    if (const std::string &padding = layer.words.at("padding"); padding == "valid")
      pad = builder.getDenseI64ArrayAttr({0, 0, 0, 0});
    else if (padding == "pad")
      pad = builder.getDenseI64ArrayAttr(layer.sizes.at("padding"));
    return WindowAttr::get(
        builder.getContext(), builder.getDenseI64ArrayAttr(kernel),
        builder.getDenseI64ArrayAttr(stride == layer.sizes.end() ? kernel : stride->second), pad);
  }

  //===-- Kinds -------------------------------------------------------------------------------===//

  template <class Op> Value plain(Value value) {
    return Op::create(builder, where, context.unknown, value, Value());
  }
  template <class Op> Value pool(Value value) {
    return Op::create(builder, where, context.unknown, value, Value(), window());
  }

  Value dense(Value value) {
    FlatSymbolRefAttr w = weight();
    return DenseOp::create(builder, where, context.unknown, value, Value(),
                           builder.getI64IntegerAttr(count("units")), w, bias(), NormalizedAttr(),
                           QuantizedAttr(), linear());
  }
  Value conv(Value value) {
    FlatSymbolRefAttr w = weight();
    return ConvOp::create(builder, where, context.unknown, value, Value(),
                          builder.getI64IntegerAttr(count("filters")), window(), w, bias(),
                          NormalizedAttr(), QuantizedAttr(), linear());
  }
  Value depthwiseConv(Value value) {
    FlatSymbolRefAttr w = weight();
    return DepthwiseConvOp::create(builder, where, context.unknown, value, Value(), window(), w,
                                   bias(), NormalizedAttr(), linear());
  }
  Value batchNorm(Value value) {
    FlatSymbolRefAttr gamma = parameter("gamma", Initializer::Ones),
                      beta = parameter("beta", Initializer::Zeros),
                      mean = parameter("mean", Initializer::Zeros, /*frozen=*/true),
                      variance = parameter("variance", Initializer::Ones, /*frozen=*/true);
    return BatchNormOp::create(builder, where, context.unknown, value, Value(), gamma, beta, mean,
                               variance, real("epsilon"), real("momentum"), linear());
  }
  Value reshape(Value value) {
    auto shape = layer.sizes.find("shape");
    return ReshapeOp::create(builder, where, context.unknown, value,
                             shape == layer.sizes.end()
                                 ? builder.getDenseI64ArrayAttr({})
                                 : builder.getDenseI64ArrayAttr(shape->second));
  }
  Value zeroPad(Value value) {
    return ZeroPadOp::create(builder, where, context.unknown, value, Value(),
                             builder.getDenseI64ArrayAttr(
                                 {count("top"), count("bottom"), count("left"), count("right")}));
  }
  Value dropout(Value value) {
    return DropoutOp::create(builder, where, context.unknown, value, Value(), real("rate"),
                             builder.getI64IntegerAttr(context.nextDropout()));
  }
  Value scale(Value value) {
    return LearnedScaleOp::create(builder, where, context.unknown, value, Value(),
                                  parameter("factor", Initializer::Ones));
  }

  Value residual(Value value) {
    Value main = importLayers(context, layer.branches[0], value);
    Value shortcut =
        layer.branches.size() > 1 ? importLayers(context, layer.branches[1], value) : value;
    return AddOp::create(builder, where, context.unknown, main, shortcut, Value(), linear());
  }
  Value concat(Value value) {
    Value joined;
    for (const std::vector<model::Layer> &branch : layer.branches) {
      Value result = importLayers(context, branch, value);
      joined = joined ? ConcatOp::create(builder, where, context.unknown, joined, result, Value())
                      : result;
    }
    return joined;
  }

  ImportContext &context;
  OpBuilder &builder;
  const model::Layer &layer;
  Location where;
};

} // namespace

Value rnet::importLayers(ImportContext &context, ArrayRef<model::Layer> layers, Value value) {
  for (const model::Layer &layer : layers)
    value = LayerImporter(context, layer).run(value);
  return value;
}
