// Places and parameters.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Context.h"

using namespace mlir;
using namespace rnet;

Location ImportContext::locate(ast::Range range) {
  const llvm::MemoryBuffer &buffer = *sources.getMemoryBuffer(range.file);
  std::vector<uint32_t> &starts = lines[range.file];
  if (starts.empty()) {
    starts.push_back(0);
    llvm::StringRef text = buffer.getBuffer();
    for (size_t at = 0; at < text.size(); ++at)
      if (text[at] == '\n')
        starts.push_back(static_cast<uint32_t>(at + 1));
  }
  auto find = [&](uint32_t offset) {
    auto line = std::upper_bound(starts.begin(), starts.end(), offset) - 1;
    return std::pair(static_cast<unsigned>(line - starts.begin() + 1), offset - *line + 1);
  };
  auto [line, column] = find(range.begin);
  auto [endLine, endColumn] = find(range.end);
  return FileLineColRange::get(builder.getStringAttr(buffer.getBufferIdentifier()), line, column,
                               endLine, endColumn);
}

Location ImportContext::named(const model::Layer &layer, llvm::StringRef suffix) {
  std::string name = layer.name;
  if (!suffix.empty())
    name += ("_" + suffix).str();
  Location where = locate(layer.range);
  if (layer.inner)
    where = FusedLoc::get(builder.getContext(), {where, locate(*layer.inner)});
  return NameLoc::get(builder.getStringAttr(name), where);
}

FlatSymbolRefAttr ImportContext::parameter(const Twine &name, ir::Initializer initializer,
                                           bool frozen, Location where, StringRef original) {
  OpBuilder::InsertionGuard guard(builder);
  if (lastParameter)
    builder.setInsertionPointAfter(lastParameter);
  else
    builder.setInsertionPointToStart(body);
  StringAttr symbol = builder.getStringAttr(name);
  lastParameter = ParameterOp::create(builder, where, symbol.getValue(), initializer, frozen,
                                      original.empty()
                                          ? FlatSymbolRefAttr()
                                          : FlatSymbolRefAttr::get(builder.getStringAttr(original)),
                                      unknown);
  return FlatSymbolRefAttr::get(symbol);
}
