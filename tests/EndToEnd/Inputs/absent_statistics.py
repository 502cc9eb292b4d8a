"""After one step with one node down, that node has learnt nothing and measured nothing, and all others have.

absent_statistics.py --trace T.npz --init W0.safetensors --final W.safetensors --down NODE
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse

import numpy

import twin


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("trace", "init", "final", "down"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    trace = numpy.load(options.trace)
    (mask,) = trace["masks"]
    assert [node for node, bit in zip(trace["nodes"], mask) if not bit] == [options.down], "the seed makes another node absent"
    first, last = (twin.load_weights(path) for path in (options.init, options.final))
    statistics = 0
    for name in first:
        same = first[name].numpy().tobytes() == last[name].numpy().tobytes()
        if name.startswith((options.down + ".", options.down + "_to_")):
            assert same, f"{name} of an absent node changed"
        elif name.endswith((".mean", ".variance")) and "batch_norm" in name:
            assert not same, f"{name} of a present node did not change"
            statistics += 1
    assert statistics
    print(f"{options.down} is as it was; {statistics} running statistics of others moved")


if __name__ == "__main__":
    main()
