"""While the output's node is frozen, the last exit answers before the deadline; while that one's is, too, the one before it.

frozen_output.py --rnet RNET --directory DIR --weights W --data F.npz
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import os
import signal

from programs import Built
from run_matches_evaluator import Processes

DEADLINE = 1000  # ms, what rnet run gives a request
SLACK = 100  # for the way back


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rnet", "directory", "weights", "data"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    built = Built(options.directory)
    output = built.json["outputs"][0]
    row = {name: rows[0].tolist() for name, rows in built.rows(options.data, [0]).items()}
    processes, frozen = Processes(options), []
    try:
        for node, exit in zip((None, output["node"], output["exits"][0]), (None, *output["exits"])):
            if node:
                os.kill(processes.pids[node], signal.SIGSTOP)
                frozen.append(node)
            # A busy machine may be late.
            answers = [processes.ask(row) for _ in range(3)]
            assert any("class" in it and it.get("exit") == exit and it["time_ms"] < DEADLINE + SLACK for it in answers), (frozen, answers)
    finally:
        for node in frozen:
            os.kill(processes.pids[node], signal.SIGCONT)
    processes.stop()
    print(f"answers while {' and '.join(frozen)} were frozen")


if __name__ == "__main__":
    main()
