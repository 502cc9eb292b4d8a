"""The evaluator's outputs against PyTorch's in double precision, in every failure pattern.

twin_agrees.py --network N --directory DIR --weights W --data F.npz --scheme S [--rows N]
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import pathlib
import tempfile

import numpy
import torch

import networks
import twin
from programs import Built, down_nodes

TOLERANCE = 1e-5


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("network", "directory", "weights", "data", "scheme"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--rows", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network, built = getattr(networks, options.network), Built(options.directory)
    with tempfile.TemporaryDirectory() as folder:
        outputs = built.evaluate(options.weights, options.data, pathlib.Path(folder) / "outputs.npz")
    assert outputs["nodes"].tolist() == list(network.failable)
    inputs = network.inputs_of(built.rows(options.data, outputs["rows"][: options.rows]))
    weights = {name: tensor.double() for name, tensor in twin.load_weights(options.weights).items()}
    worst, silent = 0.0, 0
    for k, (up, down) in enumerate(zip(network.patterns(), down_nodes(outputs))):
        assert [node for node in network.failable if not up[node]] == down
        logits, _ = network.forward(weights, inputs, options.scheme, up)
        found = outputs[f"output/{k}"][: options.rows]
        if logits is None:
            assert not found.any(), (down, "the evaluator has an answer, the twin none")
            silent += 1
            continue
        error = float(numpy.abs(found - torch.softmax(logits, -1).numpy()).max())
        worst = max(worst, error)
        assert error <= TOLERANCE, (down, error)
    assert silent < 2 ** len(network.failable)
    print(f"the twin agrees to {worst:.1e} in {2 ** len(network.failable)} failure patterns, {silent} of them without an answer")


if __name__ == "__main__":
    main()
