// What the parts of the importer share: the builder, places in the spec, parameters.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Grammars/Model.h"

#include "rnet/Dialect/RNetDialect.h"

#include "llvm/ADT/DenseMap.h"

namespace rnet {

/// One import at a time.
class ImportContext {
public:
  ImportContext(const llvm::SourceMgr &sources, mlir::MLIRContext &context)
      : builder(&context), unknown(mlir::UnrankedTensorType::get(builder.getF32Type())),
        sources(sources) {}

  mlir::Location locate(ast::Range range);
  /// The place of something that has a name in generated code.
  mlir::Location named(const llvm::Twine &name, ast::Range range) {
    return mlir::NameLoc::get(builder.getStringAttr(name), locate(range));
  }
  /// A layer's place; for one of a block, where the block is called and then that in the block.
  mlir::Location named(const model::Layer &layer, llvm::StringRef suffix = "");

  /// A parameter whose shape is inferred later; listed before everything else in `body`.
  /// `original`: the parameter that it copies; empty where it copies none.
  mlir::FlatSymbolRefAttr parameter(const llvm::Twine &name, ir::Initializer initializer,
                                    bool frozen, mlir::Location where,
                                    llvm::StringRef original = "");
  /// A number for each dropout layer, in the order of import.
  int64_t nextDropout() { return dropouts++; }

  mlir::OpBuilder builder;
  mlir::TensorType unknown;    ///< of rows before their shapes are inferred
  mlir::Block *body = nullptr; ///< of the network

private:
  const llvm::SourceMgr &sources;
  mlir::Operation *lastParameter = nullptr;
  int64_t dropouts = 0;
  /// Where lines start, by buffer.
  llvm::DenseMap<uint32_t, std::vector<uint32_t>> lines;
};

/// The ops of some layers, in turn, from `value` on; returns the last result.
mlir::Value importLayers(ImportContext &context, llvm::ArrayRef<model::Layer> layers,
                         mlir::Value value);

} // namespace rnet
