"""Runs a built network, streams rows of a dataset through it, and kills one node half-way with kill -9.

Usage: kill_a_node.py DIR --weights W --data FILE [--node NODE] [--requests N] [--rnet PATH]

Prints every answer as it comes, beside what `rnet run` says of its nodes. Exits 1 if a request went
unanswered or a node answered that had been dead for a while.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import csv
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import threading
import time

import numpy

PAUSE = 0.1  # seconds between requests
SETTLED = 1.0  # seconds after which a killed node must no longer take part


def read_rows(path: pathlib.Path, count: int):
    """A fixed random choice of rows: inputs as float32 [count, width] and labels as int [count]."""
    if path.suffix == ".npz":
        with numpy.load(path) as arrays:
            inputs, labels = arrays["x"], arrays["y"]
    else:
        with path.open(newline="") as text:
            table = list(csv.reader(text))
        label = len(table[0]) - 1
        if not re.fullmatch(r"[-+.\deE]+", table[0][0]):  # a row of column names
            names = table.pop(0)
            label = next((names.index(n) for n in ("activity", "y", "label") if n in names), label)
        values = numpy.array(table, dtype=numpy.float64)
        inputs, labels = numpy.delete(values, label, axis=1), values[:, label]
    chosen = numpy.random.default_rng(1).choice(len(inputs), size=count)
    return inputs[chosen].astype(numpy.float32), labels[chosen].astype(int)


class Network:
    """The processes of `rnet run`, with the process id of every node that is up."""

    def __init__(self, rnet: str, directory: str, weights: str):
        self.process = subprocess.Popen(
            [rnet, "run", directory, "--weights", weights],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.pids: dict[str, int] = {}
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self):
        for line in self.process.stderr:
            print(f"    {line.rstrip()}", flush=True)
            if up := re.match(r"node (\S+) up pid (\d+)", line):
                self.pids[up[1]] = int(up[2])

    def send(self, request: dict):
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def answers(self):
        for line in self.process.stdout:
            yield json.loads(line)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--data", required=True, type=pathlib.Path)
    parser.add_argument("--node", default="fog2")
    parser.add_argument("--requests", type=int, default=45)
    parser.add_argument("--rnet", default="rnet")
    options = parser.parse_args()

    inputs, labels = read_rows(options.data, options.requests)
    name = json.loads((options.directory / "network.json").read_text())["inputs"][0]["name"]
    network = Network(options.rnet, str(options.directory), options.weights)
    sent: dict[int, float] = {}
    killed_at = None

    def stream():
        nonlocal killed_at
        try:
            for index, row in enumerate(inputs):
                if index == 1:
                    first_answer.wait(timeout=30)  # all nodes are up once something has been answered
                if index == options.requests // 3:
                    os.kill(network.pids[options.node], signal.SIGKILL)
                    killed_at = time.monotonic()
                    print(f"    kill -9 {network.pids[options.node]} ({options.node})", flush=True)
                sent[index + 1] = time.monotonic()
                network.send({"id": index + 1, "inputs": {name: [float(value) for value in row]}})
                time.sleep(PAUSE)
            network.process.stdin.close()  # rnet answers what is left and stops all nodes
        except (BrokenPipeError, KeyError) as error:
            print(f"rnet run ended early, or never started {options.node}: {error!r}", file=sys.stderr)
            network.process.terminate()

    first_answer = threading.Event()
    sender = threading.Thread(target=stream, daemon=True)
    sender.start()
    answered, right, after, ghosts = set(), 0, 0, 0
    for answer in network.answers():
        first_answer.set()
        request = answer["id"]
        if "class" not in answer:
            print(f"{request:4}  no answer: {answer.get('error', answer)}", flush=True)
            continue
        answered.add(request)
        label = int(labels[request - 1])
        right += answer["class"] == label
        if killed_at is not None and sent[request] > killed_at:
            after += 1
            ghosts += sent[request] > killed_at + SETTLED and options.node in answer["nodes"]
        accuracy = answer["expected_accuracy"]
        expected = accuracy if accuracy == "unknown" else f"{100 * accuracy:.1f} %"
        print(f"{request:4}  class {answer['class']:2} (truth {label:2})  by {' '.join(answer['nodes']):26}"
              f"  expected accuracy {expected}  {answer['time_ms']:.1f} ms", flush=True)
    sender.join()
    status = network.process.wait(timeout=30)
    print(f"{len(answered)} of {options.requests} requests answered, {after} of them sent after "
          f"{options.node} was killed; {right} of them right.")
    ok = len(answered) == options.requests and after > 0 and not ghosts and status == 0
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
