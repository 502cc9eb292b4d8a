"""How far rounding alone takes a run of bench/cifar/compare in its first steps: rnet in float32, PyTorch in float32 and in float64.

    rounding.py --train F.bin --init W0.safetensors --trace TRACE.npz [--scheme S] [--steps N]

The files are those that the comparison leaves in its work folder: DIR/SCHEME/first-1.safetensors and trace-1.npz. All three take the same steps: first
weights, batches, failout masks. Prints the largest relative difference of a step's loss from PyTorch's in float64.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse

import numpy
import torch

import reference
from reference import networks, twin


def losses(network, scheme, tensors, trace, trained, steps):
    found = []
    for logits, rows in reference.take_steps(network, scheme, tensors, trace, *trained):
        found.append(numpy.nan if logits is None else twin.loss(logits, trained[1][rows]).item())
        if len(found) == steps:
            return numpy.array(found)
    raise SystemExit(f"the trace has {len(found)} steps only")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "init", "trace"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--scheme", default="resilinet+", choices=twin.SCHEMES)
    parser.add_argument("--steps", type=int, default=50)
    options = parser.parse_args()
    network, trace = networks.mobilenet_network(side=32), numpy.load(options.trace)
    trained = reference.read_cifar(options.train)
    runs = {"rnet, float32": trace["loss"][: options.steps]}
    for name, dtype in (("PyTorch, float32", torch.float32), ("PyTorch, float64", torch.float64)):
        tensors = {key: tensor.to(dtype) for key, tensor in twin.load_weights(options.init).items()}
        runs[name] = losses(network, options.scheme, tensors, trace, trained, options.steps)
    exact = runs.pop("PyTorch, float64")
    for name, found in runs.items():
        errors = numpy.abs(found - exact) / exact
        print(f"{name}: {100 * errors[0]:.5f} % in the first step, {100 * numpy.nanmax(errors):.1f} % at most in {options.steps}")


if __name__ == "__main__":
    main()
