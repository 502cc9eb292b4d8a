// No text crashes the parser, the checker or the formatter; what the formatter prints is a spec,
// and is formatted. SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rnet/Grammars/Model.h"
#include "rnet/Grammars/Parser.h"
#include "rnet/Grammars/Printer.h"

#include <cstdlib>

static std::optional<std::string> format(llvm::StringRef text) {
  llvm::SourceMgr sources;
  const unsigned buffer =
      sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(text, "fuzz"), llvm::SMLoc());
  rnet::Diagnostics diagnostics(sources, llvm::nulls());
  llvm::StringRef copy = sources.getMemoryBuffer(buffer)->getBuffer();
  std::optional<rnet::ast::File> file = rnet::parse(buffer, diagnostics);
  if (!file)
    return std::nullopt;
  // Imports are not followed: a fuzzer must not read files.
  rnet::check(*file, /*skips=*/true, diagnostics);
  std::string printed;
  llvm::raw_string_ostream out(printed);
  rnet::print(*file, copy, out);
  return printed;
}

extern "C" int LLVMFuzzerTestOneInput(const unsigned char *data, std::size_t size) {
  // Checking unrolls repetitions, by design up to a million layers: digits are cheap for a fuzzer
  // and dear for us.
  if (size > 4096)
    return 0;
  std::optional<std::string> once = format({reinterpret_cast<const char *>(data), size});
  if (!once)
    return 0;
  std::optional<std::string> twice = format(*once);
  if (!twice)
    std::abort();
  return 0;
}
