"""Makes a synthetic dataset for a network that was built: noise, with a mean of its own for each class.

make_data.py DIR OUT.npz [--samples N] [--seed N]     DIR: what `rnet build` wrote
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import pathlib

import numpy


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("out")
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    network = json.loads((options.directory / "network.json").read_text())
    random = numpy.random.default_rng(options.seed)
    classes = network["outputs"][0]["width"]
    y = random.integers(0, classes, options.samples)
    arrays = {"y": y.astype(numpy.int64)}
    for given in network["inputs"]:
        means = random.normal(0, 1, (classes, *given["shape"]))
        noise = random.normal(0, 1, (options.samples, *given["shape"]))
        arrays[given["name"]] = (3 + 2 * (means[y] + noise)).astype(numpy.float32)
    numpy.savez(options.out, **arrays)


if __name__ == "__main__":
    main()
