// `rnet fmt`.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "Format.h"
#include "Files.h"
#include "Spec.h"

#include "rnet/Grammars/Printer.h"

using namespace rnet;

int tools::format(const std::vector<std::string> &paths, const FormatOptions &options) {
  int status = 0;
  for (const std::string &path : paths) {
    Spec spec({});
    if (!spec.parse(path)) {
      status = 1;
      continue;
    }
    std::string text;
    llvm::raw_string_ostream out(text);
    print(spec.getFile(), spec.getText(), out);
    if (text == spec.getText())
      continue;
    if (options.check) {
      llvm::errs() << path << ": is not formatted\n";
      status = 1;
    } else if (!writeText(path, text)) {
      status = 1;
    }
  }
  return status;
}
