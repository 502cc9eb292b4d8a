// `rnet check` and `rnet emit`: the compilation, seen at any stage.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "Spec.h"

namespace rnet::tools {

enum class Stage { Ast, Model, Network, Nodes, EmitC, Cpp, Dot, Json };

/// Reports the mistakes in each spec, shapes and budgets included, and, where `costs` says so, what
/// each node costs. Returns the exit code: 1 on errors.
int check(const std::vector<std::string> &paths, ir::Scheme scheme, const SpecOptions &options,
          bool costs);

/// Writes a stage to `output`, or to standard output where that is empty; files are written
/// atomically.
int emit(const std::string &path, Stage stage, ir::Scheme scheme, const SpecOptions &options,
         const std::string &output);

/// Takes compiled programs on to emitc.files.
bool convertToEmitC(Spec &spec);

/// Prints every diagnostic's id, severity and meaning.
void listDiagnostics(llvm::raw_ostream &out);

} // namespace rnet::tools
