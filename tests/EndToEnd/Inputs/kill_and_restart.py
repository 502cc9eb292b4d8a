"""Kills nodes under a steady stream of requests, with `rnet run --restart`.

kill_and_restart.py --rnet RNET --directory DIR --weights W --data F.npz
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import os
import re
import signal
import subprocess
import threading
import time

import numpy

DEADLINE = 1.0  # seconds, what rnet run gives a request
SLACK = 0.25  # of this script
LATE = 0.05  # by so much a machine may wake a sleeper late and still be called punctual
NODES = ["edge", "fog2", "fog1"]


class Watch:
    """Whether the machine is punctual: a thread that sleeps for 10 ms again and again is woken in time."""

    def __init__(self):
        self.awake, self.late = time.monotonic(), 0.0
        threading.Thread(target=self._sleep, daemon=True).start()

    def _sleep(self):
        while True:
            time.sleep(0.01)
            self._look()
            self.awake = time.monotonic()

    def _look(self):
        self.late = max(self.late, time.monotonic() - self.awake - 0.01)

    def begin(self):
        self.late = 0.0

    def punctual(self):
        """Since begin()."""
        self._look()
        return self.late <= LATE


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rnet", "directory", "weights", "data"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    x = numpy.load(options.data)["x"]
    process = subprocess.Popen(
        [options.rnet, "run", options.directory, "--weights", options.weights, "--restart"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    pids, starts, said, ready = {}, {}, [], threading.Event()

    def watch():
        for line in process.stderr:
            said.append(line)
            if up := re.match(r"node (\S+) up pid (\d+)", line):
                pids[up[1]] = int(up[2])
                starts[up[1]] = starts.get(up[1], 0) + 1
            if line.startswith("network"):
                ready.set()
        ready.set()  # or ended

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    ready.wait(90)
    assert any(line.startswith("network") for line in said), "the network did not start:\n" + "".join(said)
    first = dict(pids)
    slowest, taken, request, timed, clock = 0.0, 0, 0, 0, Watch()

    def ask():
        nonlocal slowest, request, timed
        process.stdin.write(json.dumps({"id": request, "inputs": {"sensors": [float(v) for v in x[request % len(x)]]}}) + "\n")
        process.stdin.flush()
        clock.begin()
        begin = time.monotonic()
        answer = json.loads(process.stdout.readline())
        seconds = time.monotonic() - begin
        if clock.punctual():  # otherwise the time says nothing of rnet
            slowest, timed = max(slowest, seconds), timed + 1
        assert answer["id"] == request, answer
        request += 1
        return answer

    def until_it_takes_part(victim, start):
        """Asks until a victim that has been started so often takes part; how many answers went around it. A machine that is too
        busy may leave a live node out for a while."""
        limit, around = time.monotonic() + 60, 0
        while True:
            started = starts[victim] == start
            answer = ask()
            if victim not in answer.get("nodes", []):
                around += "class" in answer
            elif started:
                return around
            assert time.monotonic() < limit, f"{victim} does not take part"

    for victim in NODES:
        until_it_takes_part(victim, 1)
        # Killed from the side, while requests are on their way.
        killer = threading.Timer(0.01, os.kill, (pids[victim], signal.SIGKILL))
        killer.start()
        # One node is dead: there is a way around it. Then it comes back.
        assert until_it_takes_part(victim, 2) > 0, f"nothing answered while {victim} was dead"
        taken += 1
    assert timed > 0, "this machine is too busy to time anything"
    assert slowest <= DEADLINE + SLACK, f"a request took {slowest:.3f} s"
    for node in first:
        assert starts[node] == (2 if node in NODES else 1), starts
    process.stdin.close()
    assert process.wait(20) == 0
    watcher.join(20)
    assert not any("Sanitizer" in line for line in said), "".join(said)
    print(f"{request} requests answered, {timed} timed, {taken} nodes killed and back, the slowest answer took {1000 * slowest:.0f} ms")


if __name__ == "__main__":
    main()
