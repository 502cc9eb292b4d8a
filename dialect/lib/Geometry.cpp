// Windows over images.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Dialect/Geometry.h"

#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace rnet;

LogicalResult WindowAttr::verify(llvm::function_ref<InFlightDiagnostic()> emitError,
                                 DenseI64ArrayAttr kernel, DenseI64ArrayAttr stride,
                                 DenseI64ArrayAttr pad) {
  auto positive = [](int64_t size) { return size > 0; };
  if (kernel.size() != 2 || !llvm::all_of(kernel.asArrayRef(), positive))
    return emitError() << "expected a kernel of two sizes above 0";
  if (stride.size() != 2 || !llvm::all_of(stride.asArrayRef(), positive))
    return emitError() << "expected a stride of two sizes above 0";
  if (pad &&
      (pad.size() != 4 || llvm::any_of(pad.asArrayRef(), [](int64_t size) { return size < 0; })))
    return emitError() << "expected padding of four sizes: top, bottom, left, right";
  return success();
}

/// TensorFlow's 'same' along one side: in all, and before the image.
static std::pair<int64_t, int64_t> samePadding(int64_t size, int64_t kernel, int64_t stride) {
  const int64_t outputs = llvm::divideCeil(size, stride);
  const int64_t all = std::max<int64_t>((outputs - 1) * stride + kernel - size, 0);
  return {all / 2, all - all / 2};
}

Geometry rnet::getGeometry(WindowAttr window, ArrayRef<int64_t> shape) {
  ArrayRef<int64_t> kernel = window.getKernel().asArrayRef(),
                    stride = window.getStride().asArrayRef();
  Geometry geometry{shape[0],  shape[1], shape[2], kernel[0], kernel[1], stride[0],
                    stride[1], 0,        0,        0,         0};
  if (DenseI64ArrayAttr pad = window.getPad()) {
    geometry.top = pad[0], geometry.bottom = pad[1];
    geometry.left = pad[2], geometry.right = pad[3];
  } else {
    std::tie(geometry.top, geometry.bottom) = samePadding(shape[0], kernel[0], stride[0]);
    std::tie(geometry.left, geometry.right) = samePadding(shape[1], kernel[1], stride[1]);
  }
  return geometry;
}

void Geometry::forTaps(int64_t row, int64_t column,
                       llvm::function_ref<void(int64_t, int64_t, int64_t)> work) const {
  for (int64_t i = 0; i < kernelHeight; ++i)
    for (int64_t j = 0; j < kernelWidth; ++j) {
      const int64_t y = row * strideY + i - top, x = column * strideX + j - left;
      if (y >= 0 && y < height && x >= 0 && x < width)
        work(i * kernelWidth + j, y, x);
    }
}

std::string Geometry::spellImage() const {
  return llvm::formatv("rnet::Image{{{0}, {1}, {2}}", height, width, channels);
}
std::string Geometry::spellWindow() const {
  return llvm::formatv("rnet::Window{{{0}, {1}, {2}, {3}, {4}, {5}, {6}, {7}}", kernelHeight,
                       kernelWidth, strideY, strideX, top, bottom, left, right);
}

InFlightDiagnostic rnet::shapeError(Operation *op) {
  return op->emitError() << "'" << op->getName().stripDialect() << "' ";
}

LogicalResult rnet::verifyImage(Operation *op, ArrayRef<int64_t> shape) {
  if (shape.size() == 3)
    return success();
  return shapeError(op) << "takes an image, height x width x channels, found rows of rank "
                        << shape.size() << " [shape-mismatch]";
}

LogicalResult rnet::verifyWindow(Operation *op, WindowAttr window, ArrayRef<int64_t> shape) {
  if (failed(verifyImage(op, shape)))
    return failure();
  const Geometry geometry = getGeometry(window, shape);
  if (geometry.height + geometry.top + geometry.bottom < geometry.kernelHeight ||
      geometry.width + geometry.left + geometry.right < geometry.kernelWidth)
    return shapeError(op) << "has a kernel of " << geometry.kernelHeight << "x"
                          << geometry.kernelWidth << ", larger than its padded input of "
                          << geometry.height + geometry.top + geometry.bottom << "x"
                          << geometry.width + geometry.left + geometry.right << " [shape-mismatch]";
  return success();
}
