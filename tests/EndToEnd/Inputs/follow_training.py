"""Replays a training run of rnet in PyTorch: same first weights, order and failout masks; losses step by step.

follow_training.py --network N --trace T.npz --init W0.safetensors --final W.safetensors --data F.npz --scheme S [--balanced]
                   [--distill W] [--tolerance R]

In float64 everything agrees to 1e-6. With --tolerance (for runs in float32) only the losses are compared.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse

import numpy
import torch

import networks
import twin

TOLERANCE = 1e-6
RATE = 1e-3


def check_normalization(network, data, rows, frozen):
    """Mean and deviation of each channel over the training rows."""
    for name, (_, shape) in network.inputs.items():
        x = network.inputs_of(data)[name][rows].reshape(-1, shape[-1])
        deviation = x.std(0, unbiased=False)
        for what, own in (("mean", x.mean(0)), ("deviation", torch.where(deviation == 0, torch.ones_like(deviation), deviation))):
            assert torch.allclose(frozen[f"{name}.{what}"], own, rtol=TOLERANCE), (name, what)


def failures(trace, network, step, rows):
    """Which nodes are up in a step, as the twin takes it, in turn with what that counts for."""
    if "patterns" in trace:
        masks, weights = trace["patterns"], trace["pattern_weights"]
    elif "row_masks" in trace:
        masks, weights = [trace["row_masks"][rows].T], [1.0]
    else:
        masks, weights = [trace["masks"][step]], [1.0]
    for mask, weight in zip(masks, weights):
        yield dict(zip(network.failable, torch.from_numpy(mask.astype(bool)))), weight


def targets_of(network, weights, batch, labels, scheme, share):
    """The labels, and by `share` what the network answers while nothing fails."""
    with torch.no_grad():
        answers = network.forward(weights, batch, scheme, {})[0].softmax(-1)
    return (1 - share) * torch.nn.functional.one_hot(labels, network.classes) + share * answers


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("network", "trace", "init", "final", "data", "scheme"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--balanced", action="store_true", help="the recipe weighs classes")
    parser.add_argument("--distill", type=float, default=0.0, help="the recipe's share of the network's own answers")
    parser.add_argument("--tolerance", type=float)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = getattr(networks, options.network)
    data, trace = numpy.load(options.data), numpy.load(options.trace)
    assert trace["nodes"].tolist() == list(network.failable)
    weights, frozen = twin.split_weights(twin.load_weights(options.init))
    check_normalization(network, data, trace["train"], frozen)
    inputs = network.inputs_of(data)
    labels = torch.from_numpy(data["y"].astype(numpy.int64))
    class_weights = twin.balanced_weights(labels[trace["train"]], network.classes) if options.balanced else None
    optimizer = torch.optim.Adam(weights.values(), lr=RATE, eps=1e-7)
    for weight in weights.values():
        weight.grad = torch.zeros_like(weight)
    tolerance = options.tolerance or TOLERANCE
    worst, worst_weight, skipped, down, partly = 0.0, 0.0, 0, 0, 0
    for step, loss in enumerate(trace["loss"]):
        begin, end = trace["batch_offsets"][step : step + 2]
        rows = torch.from_numpy(trace["order"][begin:end])
        batch = {name: x[rows] for name, x in inputs.items()}
        known = {**weights, **frozen}
        targets = targets_of(network, known, batch, labels[rows], options.scheme, options.distill) if options.distill else None
        own, moved = 0.0, {name: 0.0 for name in frozen}  # the loss; how far running statistics move
        some_down, some_partly = False, False
        for up, share in failures(trace, network, step, slice(begin, end)):
            some_down |= not all(mask.all() for mask in up.values())
            _, layers = network.forward(known, batch, options.scheme, up, training=True)
            of_pattern = network.loss(layers, labels[rows], class_weights, targets)
            if of_pattern is None:
                continue
            own = own + share * of_pattern
            some_partly |= bool(not layers.present.all())
            for name, after in layers.statistics.items():
                moved[name] = moved[name] + share * (after - frozen[name])
        down += some_down
        partly += some_partly
        if not torch.is_tensor(own):
            assert numpy.isnan(loss), step
            skipped += 1
            continue
        error = abs(own.item() - loss) / abs(own.item())
        worst = max(worst, error)
        assert error <= tolerance, (step, own.item(), loss)
        optimizer.zero_grad(set_to_none=False)
        own.backward()
        optimizer.step()
        frozen = {name: value + moved[name] for name, value in frozen.items()}
    if not options.tolerance:
        final = twin.load_weights(options.final)
        for name, own in {**weights, **frozen}.items():
            # What has a gradient moves by about the rate in each step; what moved by less has the rounding of a zero gradient.
            error = float((own.detach() - final[name].double()).norm() / max(own.detach().norm(), RATE))
            worst_weight = max(worst_weight, error)
            assert error <= TOLERANCE, (name, error)
    print(f"{len(trace['loss'])} losses agree to {worst:.1e}; steps with a node down {down}, without information flow {skipped}, in some rows {partly}")
    if not options.tolerance:
        print(f"weights and running statistics agree to {worst_weight:.1e}")


if __name__ == "__main__":
    main()
