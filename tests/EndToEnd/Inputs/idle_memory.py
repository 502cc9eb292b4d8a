"""Nodes that only beat do not grow: a stream keeps nothing of the messages that it has sent.

idle_memory.py --rnet RNET --directory DIR --weights W
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import time

from process_files import memory
from run_matches_evaluator import Processes

WARM, WATCHED = 6, 15  # seconds
GROWTH = 256 << 10  # bytes; a hundred beats a second of some hundred bytes each are more, to one receiver alone


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rnet", "directory", "weights"):
        parser.add_argument("--" + name, required=True)
    processes = Processes(parser.parse_args())
    time.sleep(WARM)
    before = {node: memory(pid) for node, pid in processes.pids.items()}
    time.sleep(WATCHED)
    for node, pid in processes.pids.items():
        growth = memory(pid) - before[node]
        assert growth < GROWTH, f"{node} grew by {growth} bytes in {WATCHED} s"
    processes.stop()
    print(f"{len(before)} nodes have not grown")


if __name__ == "__main__":
    main()
