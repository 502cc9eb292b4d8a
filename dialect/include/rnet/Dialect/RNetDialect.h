// The `rnet` dialect: ops, attributes, interfaces.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "rnet/Dialect/RNetDialect.h.inc"
#include "rnet/Dialect/RNetEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "rnet/Dialect/RNetAttributes.h.inc"

// Generated code looks for an enum's attribute where the enum is.
namespace rnet::ir {
using rnet::ActivationAttr;
using rnet::BudgetKindAttr;
using rnet::ElementAttr;
using rnet::HyperconnectionKindAttr;
using rnet::InitializerAttr;
using rnet::MuxKindAttr;
using rnet::RoleAttr;
using rnet::ScheduleAttr;
using rnet::SchemeAttr;
} // namespace rnet::ir

namespace rnet {

class NetworkOp;
class NodeOp;
class ParameterOp;
class MuxOp;
class ReverseOp;
class YieldOp;

/// True for tensor<?x...xf32> and, before shapes are inferred, tensor<*xf32>.
bool isRows(mlir::Type type);
/// True for tensor<?xi1>.
bool isMask(mlir::Type type);
/// The type of a batch of rows of this shape.
mlir::RankedTensorType getRowsType(mlir::MLIRContext *context, llvm::ArrayRef<int64_t> rowShape);
/// Shape of one row: the dimensions behind the batch. The type must be ranked.
llvm::ArrayRef<int64_t> getRowShape(mlir::Type rows);
/// Elements of one row.
int64_t getRowWidth(mlir::Type rows);
/// The user's name of an op, from its NameLoc; empty without one.
llvm::StringRef getUserName(mlir::Operation *op);

/// A parameter that a layer reads.
struct ParameterUse {
  mlir::FlatSymbolRefAttr symbol;
  llvm::SmallVector<int64_t> shape;
};

/// Does the op give its operand another shape and nothing else?
bool isView(mlir::Operation *op);
/// The value whose memory a value shares: itself, unless it is the result of a view.
mlir::Value lookThroughViews(mlir::Value value);

/// The spelling of a scheme on the command line and in files: "resilinet+".
llvm::StringRef spellScheme(ir::Scheme scheme);

/// Is the op in a training program?
bool isTraining(mlir::Operation *op);

/// `"edge.dense1.weight", "edge.dense1.bias"`.
std::string quoteNames(llvm::ArrayRef<mlir::FlatSymbolRefAttr> symbols);

/// Checks a layer's result type and parameters against LayerOpInterface, as far as types are known.
llvm::LogicalResult verifyLayer(mlir::Operation *op);

} // namespace rnet

#include "rnet/Dialect/RNetInterfaces.h.inc"

#define GET_OP_CLASSES
#include "rnet/Dialect/RNetOps.h.inc"
