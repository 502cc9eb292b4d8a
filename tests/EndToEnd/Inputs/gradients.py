"""rnet's float64 gradients against PyTorch's and against finite differences, for every failure pattern.

gradients.py --weights W.safetensors --gradients G.npz --scheme S
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import pathlib
import sys

import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "bench" / "health"))
import reference

TOLERANCE = 1e-6


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", required=True)
    parser.add_argument("--gradients", required=True)
    parser.add_argument("--scheme", required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    weights, _ = reference.load_weights(options.weights)
    dump = numpy.load(options.gradients)
    mean, deviation = weights.pop("sensors.mean"), weights.pop("sensors.deviation")
    x = (torch.from_numpy(dump["x"]).double() - mean) / deviation
    y = torch.from_numpy(dump["y"].astype(numpy.int64))
    weights = {name: weight.double().requires_grad_() for name, weight in weights.items()}
    worst = worst_difference = 0.0
    for k, up in enumerate(reference.patterns()):
        assert [up[node] for node in reference.FAILABLE] == [bool(bit) for bit in dump[f"mask_{k}"]], k
        for weight in weights.values():
            weight.grad = None
        logits = reference.forward(weights, x, options.scheme, up)
        theirs = {name: dump[f"grad_{k}/{name}"] for name in weights}
        if logits is None:
            assert numpy.isnan(dump[f"loss_{k}"]), "a pattern without information flow has no loss"
            assert all(not gradient.any() for gradient in theirs.values()), "and no gradient"
            continue
        loss_of = lambda: torch.nn.functional.cross_entropy(reference.forward(weights, x, options.scheme, up), y)
        loss = loss_of()
        loss.backward()
        assert abs(loss.item() - dump[f"loss_{k}"]) <= TOLERANCE * abs(loss.item()), (k, loss.item(), dump[f"loss_{k}"])
        for name, weight in weights.items():
            ours = weight.grad.numpy() if weight.grad is not None else numpy.zeros(tuple(weight.shape))
            error = numpy.linalg.norm(theirs[name] - ours) / max(numpy.linalg.norm(ours), 1e-12)
            worst = max(worst, error)
            assert error <= TOLERANCE, (k, name, error)
            if not ours.any():
                continue
            # Central differences along the gradient, where the slope is its norm. The best of four steps: a large one may cross
            # the kink of a ReLU, a small one drowns in rounding.
            direction = weight.grad / weight.grad.norm()
            slope = float((torch.from_numpy(theirs[name]) * direction).sum())
            differences = []
            for step in (1e-5, 1e-6, 1e-7, 1e-8):
                with torch.no_grad():
                    weight += step * direction
                    above = loss_of().item()
                    weight -= 2 * step * direction
                    below = loss_of().item()
                    weight += step * direction
                differences.append(abs((above - below) / (2 * step) - slope) / abs(slope))
            worst_difference = max(worst_difference, min(differences))
            assert min(differences) <= TOLERANCE, (k, name, differences)
    print(f"gradients agree: PyTorch to {worst:.1e}, finite differences to {worst_difference:.1e}")


if __name__ == "__main__":
    main()
