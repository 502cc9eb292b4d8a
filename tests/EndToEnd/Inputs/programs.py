"""What the scripts of the tests share: the programs of a built network, and choices of failure patterns."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import json
import pathlib
import subprocess

import numpy


class Built:
    """A folder that `rnet build` made."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.json = json.loads((self.directory / "network.json").read_text())
        self.inputs = [given["name"] for given in self.json["inputs"]]
        self.output = self.json["outputs"][0]["name"]

    def evaluate(self, weights, data, out, batch=128, threads=1):
        """The evaluator's outputs in every failure pattern, as arrays."""
        subprocess.run(
            [self.directory / "bin" / (self.json["network"] + "-evaluate"), "--weights", weights, "--data", data,
             "--batch", str(batch), "--threads", str(threads), "--predictions", out],
            check=True, stdout=subprocess.DEVNULL,
        )
        return dict(numpy.load(out))

    def rows(self, data, rows):
        """Rows of a dataset, by input."""
        arrays = numpy.load(data)
        return {name: arrays["x" if len(self.inputs) == 1 and name not in arrays else name][rows] for name in self.inputs}


def down_nodes(outputs):
    """The nodes that are down in each of the evaluator's patterns."""
    return [[str(node) for node, bit in zip(outputs["nodes"], pattern) if bit] for pattern in outputs["patterns"]]


def sample(downs, count):
    """Indices of `count` patterns, spread evenly over the numbers of nodes that are down; all of them without a count. The
    first, in which nothing is down, is one of them."""
    order = sorted(range(len(downs)), key=lambda k: (downs[k], k * 37 % len(downs)))
    if count is None or count >= len(order):
        return set(order)
    return {order[k * (len(order) - 1) // (count - 1)] if count > 1 else order[0] for k in range(count)}
