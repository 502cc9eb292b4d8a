"""A dataset for inputs of any shape: noise, with a mean of its own for each class.

make_rows.py OUT.npz --samples N --classes C [--seed N] NAME=SHAPE... (SHAPE like 8x8x3)
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse

import numpy


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out")
    parser.add_argument("--samples", type=int, required=True)
    parser.add_argument("--classes", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("inputs", nargs="+")
    options = parser.parse_args()
    random = numpy.random.default_rng(options.seed)
    y = random.integers(0, options.classes, options.samples)
    arrays = {}
    for name, shape in (given.split("=") for given in options.inputs):
        shape = tuple(map(int, shape.split("x")))
        means = random.normal(0, 1, (options.classes, *shape))
        rows = 3 + 2 * (means[y] + random.normal(0, 1, (options.samples, *shape)))
        arrays[name] = rows.astype(numpy.float32)
    numpy.savez(options.out, y=y.astype(numpy.int64), **arrays)


if __name__ == "__main__":
    main()
