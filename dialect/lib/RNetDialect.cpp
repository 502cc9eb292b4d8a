// Registration, attributes and the facts about types.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Dialect/RNetDialect.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace rnet;

#include "rnet/Dialect/RNetDialect.cpp.inc"
#include "rnet/Dialect/RNetEnums.cpp.inc"
#include "rnet/Dialect/RNetInterfaces.cpp.inc"

/// `[0, 2]`: positions of operands.
static ParseResult parsePositions(AsmParser &parser, DenseI64ArrayAttr &positions) {
  SmallVector<int64_t> values;
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square,
                                     [&] { return parser.parseInteger(values.emplace_back()); }))
    return failure();
  positions = DenseI64ArrayAttr::get(parser.getContext(), values);
  return success();
}
static void printPositions(AsmPrinter &printer, DenseI64ArrayAttr positions) {
  printer << '[';
  llvm::interleaveComma(positions.asArrayRef(), printer);
  printer << ']';
}

#define GET_ATTRDEF_CLASSES
#include "rnet/Dialect/RNetAttributes.cpp.inc"

void RNetDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "rnet/Dialect/RNetAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "rnet/Dialect/RNetOps.cpp.inc"
      >();
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

ParameterOp rnet::lookupParameter(Operation *op, StringRef name) {
  for (Operation *parent = op->getParentOp(); parent; parent = parent->getParentOp())
    if (isa<NetworkOp, ProgramOp>(parent))
      return dyn_cast_or_null<ParameterOp>(SymbolTable::lookupSymbolIn(parent, name));
  return {};
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
