"""What bench/evaluator/compare makes of rounds: judge_evaluator.py BENCH"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import importlib.machinery
import importlib.util
import sys

sys.dont_write_bytecode = True

loader = importlib.machinery.SourceFileLoader("compare", sys.argv[1] + "/compare")
compare = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
loader.exec_module(compare)

# The median over rounds of the ratio is not the ratio of the medians.
for rounds in ([[4, 2, 1], [16, 6, 2], [12, 8, 3]], [[3, 2, 1]]):
    rows, reached = compare.judge(rounds)
    print(compare.table(rows, 1) + f"reached: {reached}")
