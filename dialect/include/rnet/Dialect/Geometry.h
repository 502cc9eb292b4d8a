// Where a window falls on an image, and how generated C++ spells it.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "rnet/Dialect/RNetDialect.h"

namespace rnet {

/// A window over images of one size, its padding settled.
struct Geometry {
  int64_t height, width, channels; ///< of the image that it slides over
  int64_t kernelHeight, kernelWidth;
  int64_t strideY, strideX;
  int64_t top, bottom, left, right; ///< zero padding

  int64_t outputHeight() const { return (height + top + bottom - kernelHeight) / strideY + 1; }
  int64_t outputWidth() const { return (width + left + right - kernelWidth) / strideX + 1; }

  /// `work(tap, y, x)` for each tap of the kernel that lies inside the image where the output is
  /// at [row][column]; `tap` counts row by row.
  void forTaps(int64_t row, int64_t column,
               llvm::function_ref<void(int64_t tap, int64_t y, int64_t x)> work) const;

  /// `rnet::Image{32, 32, 3}`.
  std::string spellImage() const;
  /// `rnet::Window{3, 3, 1, 1, 0, 1, 0, 1}`.
  std::string spellWindow() const;
};

/// `shape` is that of an image. The window must fit: see verifyWindow.
Geometry getGeometry(WindowAttr window, llvm::ArrayRef<int64_t> shape);

/// An error about the shapes that a layer is given, in the words of a spec: "'conv' " and what
/// follows.
mlir::InFlightDiagnostic shapeError(mlir::Operation *op);

/// An error on `op` where rows of this shape are no image or the window is larger than it.
llvm::LogicalResult verifyWindow(mlir::Operation *op, WindowAttr window,
                                 llvm::ArrayRef<int64_t> shape);
/// An error on `op` where rows of this shape are no image.
llvm::LogicalResult verifyImage(mlir::Operation *op, llvm::ArrayRef<int64_t> shape);

/// The meaning of an activation, in double precision.
double activate(ir::Activation activation, double x);
/// ", rnet::Relu", or nothing: behind other template arguments.
std::string spellNextArgument(ir::Activation activation);
/// "NAME" or "NAME<rnet::Relu>".
std::string spellActivated(llvm::StringRef kernel, ir::Activation activation);

} // namespace rnet
