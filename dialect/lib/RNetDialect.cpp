// Registration, attributes and the facts about types.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "AssemblyFormat.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rnet;

#include "rnet/Dialect/RNetDialect.cpp.inc"
#include "rnet/Dialect/RNetEnums.cpp.inc"
#include "rnet/Dialect/RNetInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "rnet/Dialect/RNetAttributes.cpp.inc"

void RNetDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "rnet/Dialect/RNetAttributes.cpp.inc"
      >();
  registerRNetDialectOperations(this);
}

LogicalResult QuantizedAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                    ir::Element element, FlatSymbolRefAttr scale) {
  const bool scaled = element == ir::Element::Int8;
  if (scaled != static_cast<bool>(scale))
    return emitError() << (scaled ? "int8 needs the scale of the layer's input"
                                  : "bf16 takes no scale");
  return success();
}

bool rnet::isRows(Type type) {
  auto tensor = dyn_cast<TensorType>(type);
  if (!tensor || !tensor.getElementType().isF32())
    return false;
  auto ranked = dyn_cast<RankedTensorType>(type);
  return !ranked || (ranked.getRank() >= 2 && ranked.isDynamicDim(0) &&
                     llvm::none_of(ranked.getShape().drop_front(), ShapedType::isDynamic));
}

bool rnet::isMask(Type type) {
  auto ranked = dyn_cast<RankedTensorType>(type);
  return ranked && ranked.getRank() == 1 && ranked.isDynamicDim(0) &&
         ranked.getElementType().isInteger(1);
}

RankedTensorType rnet::getRowsType(MLIRContext *context, ArrayRef<int64_t> rowShape) {
  SmallVector<int64_t> shape{ShapedType::kDynamic};
  llvm::append_range(shape, rowShape);
  return RankedTensorType::get(shape, Float32Type::get(context));
}

ArrayRef<int64_t> rnet::getRowShape(Type rows) {
  return cast<RankedTensorType>(rows).getShape().drop_front();
}

int64_t rnet::getRowWidth(Type rows) { return ShapedType::getNumElements(getRowShape(rows)); }

StringRef rnet::getUserName(Operation *op) {
  if (auto name = dyn_cast<NameLoc>(op->getLoc()))
    return name.getName();
  return {};
}

StringRef rnet::spellScheme(ir::Scheme scheme) {
  return scheme == ir::Scheme::ResiliNetPlus ? "resilinet+" : stringifyScheme(scheme);
}

bool rnet::isView(Operation *op) {
  auto layer = dyn_cast_or_null<LayerOpInterface>(op);
  return layer && layer.isView();
}

Value rnet::lookThroughViews(Value value) {
  while (isView(value.getDefiningOp()))
    value = value.getDefiningOp()->getOperand(0);
  return value;
}

bool rnet::isTraining(Operation *op) {
  auto program = op->getParentOfType<ProgramOp>();
  return program && program.getRole() == ir::Role::Train;
}

std::string rnet::quoteNames(ArrayRef<FlatSymbolRefAttr> symbols) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  llvm::interleaveComma(symbols, stream, [&](FlatSymbolRefAttr symbol) {
    stream << '"' << symbol.getValue() << '"';
  });
  return text;
}

LogicalResult rnet::verifyLayer(Operation *op) {
  auto layer = cast<LayerOpInterface>(op);
  SmallVector<ArrayRef<int64_t>> inputs;
  for (Value operand : op->getOperands()) {
    if (isMask(operand.getType()))
      continue;
    if (!isa<RankedTensorType>(operand.getType()))
      return success();
    inputs.push_back(getRowShape(operand.getType()));
  }
  auto result = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (!result)
    return success();
  FailureOr<SmallVector<int64_t>> expected = layer.inferRowShape(inputs);
  if (failed(expected))
    return failure();
  if (ArrayRef<int64_t>(*expected) != getRowShape(result))
    return op->emitOpError() << "has result " << result << ", but its inputs give "
                             << getRowsType(op->getContext(), *expected);
  return success();
}
