#!/bin/sh
# compile_upstream.sh RNET SPEC SOURCE FOLDER: compiles what upstream's printer makes of each node's EmitC, for every scheme.
# Not the trainers: their members need initializers, which upstream does not print.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
rnet=$1 spec=$2 source=$3 out=$4
rm -rf "$out"
mkdir -p "$out"
for scheme in vanilla resilinet resilinet+; do # dfg's nodes are resilinet+'s
  # The network itself is no EmitC.
  "$rnet" emit "$spec" -W single-point-of-failure --as=emitc --scheme=$scheme | sed '/rnet.network/,/^  }/d' >"$out/$scheme.mlir"
  : >"$out/$scheme.cpp"
  for file in $(sed -n 's|.*emitc.file "\([a-z0-9]*/[a-z0-9]*\.h\)".*|\1|p' "$out/$scheme.mlir"); do
    mlir-translate --mlir-to-cpp --file-id="$file" "$out/$scheme.mlir" | sed '/#pragma once/d' >>"$out/$scheme.cpp"
  done
  g++ -std=c++20 -fsyntax-only -I"$source/runtime/include" -include "$(dirname "$0")/upstream_names.h" "$out/$scheme.cpp"
  echo "$scheme: $(grep -c '^class' "$out/$scheme.cpp") nodes compile"
done
