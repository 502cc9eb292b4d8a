"""What bench/speed/compare makes of given rounds; with --end, what it says when a process ends.

judge_speed.py bench/speed [--end]
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import importlib.machinery
import importlib.util
import sys
import types

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import processes

if sys.argv[2:] == ["--end"]:
    processes.Timed("false").round(1)
loader = importlib.machinery.SourceFileLoader("compare", sys.argv[1] + "/compare")
compare = importlib.util.module_from_spec(importlib.util.spec_from_loader("compare", loader))
loader.exec_module(compare)


def benchmark(kind, title, goal):
    return types.SimpleNamespace(title=title, peer="Peer", goal=goal, unit=kind.unit, speed=kind.speed, limit="of the cache", share=lambda ours, theirs, peak: ours / peak)


judged = [
    # One round of each side was disturbed.
    compare.judge(benchmark(compare.Inference, "as fast", 1.0), [[10, 20, 40], [10, 20, 40], [90, 20, 40], [10, 80, 40], [10, 20, 40]]),
    compare.judge(benchmark(compare.Inference, "slower", 0.8), [[20, 15, 40]] * 3),
    compare.judge(benchmark(compare.Training, "once", 1.0), [[2000, 1000, 4000]]),
]
assert [fast for _, fast in judged] == [True, False, True]
sys.stdout.reconfigure(encoding="utf-8")
print(compare.table([row for row, _ in judged]))
