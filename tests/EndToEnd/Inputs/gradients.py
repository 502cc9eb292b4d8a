"""rnet's float64 gradients of one batch against PyTorch's and against finite differences, under failure patterns.

gradients.py --network N --weights W.safetensors --gradients G.npz --scheme S [--patterns N] [--differences N]
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse

import numpy
import torch

import networks
import twin
from programs import sample

TOLERANCE = 1e-6


def check_differences(weights, gradients, loss_of, where):
    """Central differences along each gradient, where the slope is its norm. The best of four steps: a large one may cross the
    kink of a ReLU, a small one drowns in rounding."""
    worst, largest = 0.0, max(gradient.norm() for gradient in gradients.values())
    for name, weight in weights.items():
        slope = gradients[name].norm()
        if slope < 1e-5 * largest:
            continue  # rounding of the loss is all that a difference shows
        differences = []
        for step in (1e-4, 1e-5, 1e-6, 1e-7):
            values = []
            with torch.no_grad():
                for moves in (1, -2):
                    weight += moves * step / slope * gradients[name]
                    values.append(loss_of().item())
                weight += step / slope * gradients[name]
            differences.append(abs((values[0] - values[1]) / (2 * step) - slope.item()) / slope.item())
        worst = max(worst, min(differences))
        assert min(differences) <= TOLERANCE, (where, name, differences)
    return worst


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("network", "weights", "gradients", "scheme"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--patterns", type=int, help="gradients of so many patterns only; losses of all")
    parser.add_argument("--differences", type=int, help="finite differences in so many patterns only")
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = getattr(networks, options.network)
    tensors = twin.load_weights(options.weights)
    weights, frozen = twin.split_weights(tensors)
    dump = numpy.load(options.gradients)
    inputs = network.inputs_of(dump)
    labels = torch.from_numpy(dump["y"].astype(numpy.int64))
    patterns = list(network.patterns())
    downs = [sum(not bit for bit in up.values()) for up in patterns]
    with_gradients = sample(downs, options.patterns)
    with_differences = sample(downs, options.differences) & with_gradients
    worst = worst_difference = 0.0
    for k, up in enumerate(patterns):
        assert list(up.values()) == [bool(bit) for bit in dump[f"mask_{k}"]], k

        def loss_of():
            _, layers = network.forward({**weights, **frozen}, inputs, options.scheme, up, training=True)
            if k == 0:
                assert layers.used == set(tensors) or options.scheme == "resilinet", "each parameter has its part"
            return network.loss(layers, labels)

        loss = loss_of()
        theirs = {name: torch.from_numpy(dump[f"grad_{k}/{name}"]) for name in weights}
        if loss is None:
            assert numpy.isnan(dump[f"loss_{k}"]), "a pattern without information flow has no loss"
            assert not any(gradient.any() for gradient in theirs.values()), "and no gradient"
            continue
        assert abs(loss.item() - dump[f"loss_{k}"]) <= TOLERANCE * abs(loss.item()), (k, loss.item(), dump[f"loss_{k}"])
        if k not in with_gradients:
            continue
        ours = torch.autograd.grad(loss, list(weights.values()), allow_unused=True)
        ours = {name: torch.zeros_like(weight) if own is None else own for (name, weight), own in zip(weights.items(), ours)}
        largest = max(gradient.norm() for gradient in ours.values())
        for name, own in ours.items():
            # A gradient that is zero but for rounding, as before a normalisation, is compared with the largest.
            error = float((theirs[name] - own).norm() / max(own.norm(), TOLERANCE * largest))
            worst = max(worst, error)
            assert error <= TOLERANCE, (k, name, error)
        if k in with_differences:
            worst_difference = max(worst_difference, check_differences(weights, ours, loss_of, k))
    print(
        f"losses of {len(patterns)} patterns agree; gradients of {len(with_gradients)}: PyTorch to {worst:.1e}, "
        f"finite differences of {len(with_differences)} to {worst_difference:.1e}"
    )


if __name__ == "__main__":
    main()
