#!/bin/sh
# compile_quietly.sh RNET SPEC SOURCE FOLDER: every generated file, every scheme, g++ and clang++, warnings are errors.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
rnet=$1 spec=$2 source=$3 out=$4
rm -rf "$out"
for scheme in vanilla dfg resilinet resilinet+; do
  "$rnet" emit "$spec" --as=cpp --scheme=$scheme -o "$out/$scheme"
  "$rnet" emit "$spec" --as=cpp --scheme=$scheme -o "$out/again"
  diff -r "$out/$scheme" "$out/again" # the same bytes on every run
  rm -rf "$out/again"
done
for scheme in vanilla resilinet resilinet+; do # dfg's code is resilinet+'s but for failout
  for compiler in g++ clang++-22; do
    find "$out/$scheme" -name '*.cpp' -print0 |
      xargs -0 -P 2 -n 4 $compiler -std=c++20 -fsyntax-only -Wall -Wextra -Wpedantic -Werror \
        -ffp-contract=off -I"$source/runtime/include" -I"$out/$scheme"
  done
done
