"""For every failure pattern, the floats of the running processes equal the evaluator's bit for bit, and the accuracy that they say to
expect is that of its table.

run_matches_evaluator.py --rnet RNET --directory DIR --weights W --data F.npz [--rows N] [--patterns N] [--identity KEYS]
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import os
import pathlib
import queue
import re
import signal
import subprocess
import tempfile
import threading
import time

import numpy

from programs import Built, down_nodes, sample

PATIENCE = 20  # seconds for an answer that took the whole way
LIMIT = 90  # seconds for a line


def evaluator_outputs(built, options, folder):
    """The evaluator's outputs for every pattern, the same whatever its batch and threads."""
    first = None
    for batch, threads in ((1, 1), (7, 2), (128, 1), (128, 2)):
        arrays = built.evaluate(options.weights, options.data, folder / f"{batch}-{threads}.npz", batch, threads)
        first = first or arrays
        for name, array in arrays.items():
            assert array.tobytes() == first[name].tobytes(), f"{name} depends on batch or threads"
    return first


def chains(patterns):
    """Indices of patterns in chains, in each of which ever more nodes are down: one start of the processes is enough for a chain."""
    result = []
    for k in sorted(range(len(patterns)), key=lambda k: len(patterns[k])):
        # The longest pattern below: its chain leaves the fewest other chains without an heir.
        below = [chain for chain in result if set(patterns[chain[-1]]) < set(patterns[k])]
        if below:
            max(below, key=lambda chain: len(patterns[chain[-1]])).append(k)
        else:
            result.append([k])
    return result


class Processes:
    """The processes of a network under `rnet run`."""

    def __init__(self, options, *more):
        self.process = subprocess.Popen(
            [options.rnet, "run", options.directory, "--weights", options.weights, *more],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.pids, self.addresses, self.down, self.said, self.lines, self.number = {}, {}, set(), [], queue.Queue(), 0
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        while not (line := self.line()).startswith("network"):
            if up := re.match(r"node (\S+) up pid (\d+)", line):
                self.pids[up[1]] = int(up[2])
            elif listens := re.match(r"node (\S+) listens on (\S+)", line):
                self.addresses[listens[1]] = listens[2]

    def read(self):
        for line in self.process.stderr:
            self.said.append(line)
            self.lines.put(line)
        self.lines.put("")

    def line(self):
        line = self.lines.get(timeout=LIMIT)
        assert line, "rnet run ended:\n" + "".join(self.said)
        return line

    def kill(self, nodes):
        for node in nodes:
            os.kill(self.pids[node], signal.SIGKILL)
        while nodes - self.down:
            if down := re.match(r"node (\S+) down \(signal 9\)", self.line()):
                self.down.add(down[1])

    def ask(self, row):
        self.number += 1
        self.process.stdin.write(json.dumps({"id": self.number, "inputs": row}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert answer["id"] == self.number, "every request is answered, in order"
        return answer

    def stop(self):
        self.process.stdin.close()
        code = self.process.wait(timeout=LIMIT)
        self.reader.join(timeout=LIMIT)
        assert code == 0 and not any("Sanitizer" in line for line in self.said), "".join(self.said)


def check(processes, heads, pattern, row, expected):
    """One request: the answer's bits, or a refusal where nothing reaches the output or an exit, which the nodes `heads` hold."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = processes.ask(row)
        assert not set(pattern["down"]) & set(answer.get("nodes", [])), (pattern["down"], answer["nodes"])
        if not pattern["flow"]:
            assert "class" not in answer, (pattern["down"], answer)
            if "no information flow" in answer["error"] or heads <= set(pattern["down"]):
                return
        elif answer.get("hyperconnections") == pattern["used"] and answer.get("exit") == pattern.get("exit"):
            got = numpy.array(answer["probabilities"], dtype=numpy.float32)
            assert got.tobytes() == expected.tobytes(), (pattern["down"], got, expected)
            assert [answer["expected_accuracy"], answer["expected_interval"]] == [pattern["accuracy"], pattern["interval"]], answer
            return
        # On a machine that is too busy a live node may be suspected and left out, or not answer in time, which the answer
        # says: ask again, once beats may have come.
        time.sleep(0.02)
    raise AssertionError(f"down: {pattern['down']}: a request never took the whole way")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rnet", "directory", "weights", "data"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--patterns", type=int, help="so many patterns only")
    parser.add_argument("--identity", help="what rnet keys wrote: over mutual TLS")
    options = parser.parse_args()
    built = Built(options.directory)
    with tempfile.TemporaryDirectory() as folder:
        outputs = evaluator_outputs(built, options, pathlib.Path(folder))
    inputs = built.rows(options.data, outputs["rows"][: options.rows])
    rows = [dict(zip(inputs, map(numpy.ndarray.tolist, row))) for row in zip(*inputs.values())]
    table = json.loads(pathlib.Path(options.weights.removesuffix(".safetensors") + ".accuracy.json").read_text())["patterns"]
    output = built.json["outputs"][0]
    heads = {output["node"], *output.get("exits", ())}
    downs = down_nodes(outputs)
    assert [pattern["down"] for pattern in table] == downs
    chosen = sorted(sample([len(down) for down in downs], options.patterns))
    starts = chains([downs[k] for k in chosen])
    for chain in starts:
        processes = Processes(options, *(["--identity", options.identity] if options.identity else []))
        for k in (chosen[position] for position in chain):
            processes.kill(set(downs[k]) - processes.down)
            for row, expected in zip(rows, outputs[f"output/{k}"]):
                check(processes, heads, table[k], row, expected)
        processes.stop()
    refused = sum(not table[k]["flow"] for k in chosen)
    print(f"{len(rows)} requests in each of {len(chosen)} failure patterns: equal, {refused} patterns refused; {len(starts)} starts")


if __name__ == "__main__":
    main()
