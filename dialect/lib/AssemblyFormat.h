// Directives of the assembly formats, and what the code generated for ops needs to know.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/Geometry.h"

#include "mlir/IR/DialectImplementation.h"

namespace rnet {

/// `[0, 2]`.
inline mlir::ParseResult parsePositions(mlir::AsmParser &parser,
                                        mlir::DenseI64ArrayAttr &positions) {
  llvm::SmallVector<int64_t> values;
  if (parser.parseCommaSeparatedList(mlir::AsmParser::Delimiter::Square,
                                     [&] { return parser.parseInteger(values.emplace_back()); }))
    return mlir::failure();
  positions = parser.getBuilder().getDenseI64ArrayAttr(values);
  return mlir::success();
}
inline void printPositions(mlir::AsmPrinter &printer, mlir::DenseI64ArrayAttr positions) {
  printer << '[';
  llvm::interleaveComma(positions.asArrayRef(), printer);
  printer << ']';
}
inline void printPositions(mlir::OpAsmPrinter &printer, mlir::Operation *,
                           mlir::DenseI64ArrayAttr positions) {
  printPositions(printer, positions);
}

/// One type for all inputs and the result of a join.
inline mlir::ParseResult parseJoinTypes(mlir::OpAsmParser &parser,
                                        llvm::ArrayRef<mlir::OpAsmParser::UnresolvedOperand> inputs,
                                        llvm::SmallVectorImpl<mlir::Type> &inputTypes,
                                        llvm::ArrayRef<mlir::OpAsmParser::UnresolvedOperand> masks,
                                        llvm::SmallVectorImpl<mlir::Type> &maskTypes,
                                        mlir::Type &output) {
  if (parser.parseType(output))
    return mlir::failure();
  inputTypes.assign(inputs.size(), output);
  maskTypes.assign(masks.size(), mlir::RankedTensorType::get({mlir::ShapedType::kDynamic},
                                                             parser.getBuilder().getI1Type()));
  return mlir::success();
}
inline void printJoinTypes(mlir::OpAsmPrinter &printer, mlir::Operation *, mlir::OperandRange,
                           mlir::TypeRange, mlir::OperandRange, mlir::TypeRange,
                           mlir::Type output) {
  printer << output;
}

} // namespace rnet
