"""The health network in PyTorch, independent of rnet's code: it reads only the files that rnet writes.

Trains one scheme on the rows that rnet trained on, and writes its accuracy under every failure pattern as JSON.

    reference.py --data F.npz --split TRACE.npz --scheme S [--seed N] [--epochs N] --out OUT.json

The split file has the arrays train, validation, test (row indices): what `health-train --trace` writes. Weights, order and failout
masks are drawn here. One thread: several runs at once are faster than one run on several threads.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json

import numpy
import torch

WIDTH, CLASSES, FAILABLE = 250, 13, ("edge", "fog2", "fog1")
LAYERS = {"edge": 1, "fog2": 2, "fog1": 3, "cloud": 5}  # the last of cloud is the output
SCHEMES = ("vanilla", "dfg", "resilinet", "resilinet+")
RELIABILITY = {
    "normal": (0.92, 0.96, 0.99),
    "poor": (0.87, 0.91, 0.95),
    "hazardous": (0.78, 0.80, 0.85),
}


def initial_weights(scheme, generator, dtype=torch.float32):
    """Glorot uniform weights, zero biases."""
    weights = {}

    def dense(name, inputs, units):
        limit = (6 / (inputs + units)) ** 0.5
        values = torch.rand(units, inputs, generator=generator, dtype=torch.float64) * 2 - 1
        weights[name + ".weight"] = (values * limit).to(dtype).requires_grad_()
        weights[name + ".bias"] = torch.zeros(units, dtype=dtype).requires_grad_()

    for node, count in LAYERS.items():
        for k in range(count):
            inputs = 23 if node == "edge" else WIDTH
            dense(f"{node}.dense{k + 1}", inputs, CLASSES if (node, k) == ("cloud", 4) else WIDTH)
    if scheme != "vanilla":
        dense("iot_to_fog2.projection", 23, WIDTH)
    return weights


def forward(weights, x, scheme, up):
    """Logits for normalised rows x; None where no information flows. `up` maps failable nodes to bool."""

    def dense(name, value):
        return torch.nn.functional.linear(value, weights[name + ".weight"], weights[name + ".bias"])

    def join(simple, skip):
        if scheme == "vanilla":
            skip = lambda: None
        if scheme == "resilinet":  # failover: the skip counts only while the simple input is absent
            return simple if simple is not None else skip()
        skipped = skip()
        present = [value for value in (simple, skipped) if value is not None]
        return sum(present[1:], present[0]) if present else None

    def node(name, value):
        if value is None or not up.get(name, True):
            return None
        layers = LAYERS[name]
        for k in range(layers):
            value = dense(f"{name}.dense{k + 1}", value)
            if (name, k) != ("cloud", 4):
                value = torch.relu(value)
        return value

    edge = node("edge", x)
    fog2 = node("fog2", join(edge, lambda: dense("iot_to_fog2.projection", x)))
    fog1 = node("fog1", join(fog2, lambda: edge))
    return node("cloud", join(fog1, lambda: fog2))


def patterns():
    """All failure patterns; edge is the lowest bit."""
    for bits in range(8):
        yield {node: not bits >> k & 1 for k, node in enumerate(FAILABLE)}


def normalization(x):
    mean = x.astype(numpy.float64).mean(0)
    deviation = x.astype(numpy.float64).std(0)
    deviation[deviation == 0] = 1
    return mean, deviation


def join_memory(weights):
    """One flat tensor of all parameters, with its gradient, of which `weights` become views: one optimizer step is a few large
    operations, and a parameter of an absent node has gradient zero."""
    count = sum(weight.numel() for weight in weights.values())
    flat, gradient, begin = torch.empty(count), torch.zeros(count), 0
    for name, weight in weights.items():
        part = slice(begin, begin := begin + weight.numel())
        flat[part] = weight.detach().flatten()
        weights[name] = flat[part].view(weight.shape).requires_grad_()
        weights[name].grad = gradient[part].view(weight.shape)
    flat.grad = gradient
    return flat


def train(scheme, x, y, split, seed, epochs, batch=128, failout=0.10):
    """Weights of the epoch with the best validation accuracy, the first among equals."""
    generator = torch.Generator().manual_seed(seed)
    weights = initial_weights(scheme, generator)
    flat = join_memory(weights)
    optimizer = torch.optim.Adam([flat], lr=1e-3, eps=1e-7)
    rate = failout if scheme.startswith("resilinet") else 0
    best, best_accuracy = None, -1.0
    rows = torch.from_numpy(split["train"])
    validation = torch.from_numpy(split["validation"])
    for _ in range(epochs):
        order = rows[torch.randperm(len(rows), generator=generator)]
        for chosen in order.split(batch):
            draw = torch.rand(len(FAILABLE), generator=generator)
            up = {node: bool(draw[k] >= rate) for k, node in enumerate(FAILABLE)}
            logits = forward(weights, x[chosen], scheme, up)
            if logits is None:
                continue  # nothing reached the output: no step
            loss = torch.nn.functional.cross_entropy(logits, y[chosen])
            flat.grad.zero_()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            accuracy = (forward(weights, x[validation], scheme, {}).argmax(1) == y[validation]).double().mean().item()
        if accuracy > best_accuracy:
            best_accuracy = accuracy
            best = {name: weight.detach().clone() for name, weight in weights.items()}
    return best


def evaluate(weights, x, y, split, scheme):
    test, trained = torch.from_numpy(split["test"]), torch.from_numpy(split["train"])
    frequency = lambda rows: torch.bincount(y[rows], minlength=CLASSES).double() / len(rows)
    guess = float((frequency(trained) * frequency(test)).sum())
    accuracy = {}
    with torch.no_grad():
        for up in patterns():
            logits = forward(weights, x[test], scheme, up)
            down = tuple(node for node in FAILABLE if not up[node])
            accuracy[down] = guess if logits is None else (logits.argmax(1) == y[test]).double().mean().item()
    expected = {}
    for setting, reliability in RELIABILITY.items():
        expected[setting] = sum(
            value * numpy.prod([1 - r if node in down else r for node, r in zip(FAILABLE, reliability)])
            for down, value in accuracy.items()
        )
    return {
        "accuracy": accuracy[()],
        "guess": guess,
        "expected_accuracy": expected,
        "single_down": {node: accuracy[(node,)] for node in FAILABLE},
        "patterns": [{"down": list(down), "accuracy": value} for down, value in accuracy.items()],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--split", required=True)
    parser.add_argument("--scheme", required=True, choices=SCHEMES)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--out", required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data, split = numpy.load(options.data), numpy.load(options.split)
    mean, deviation = normalization(data["x"][split["train"]])
    x = torch.from_numpy(((data["x"] - mean) / deviation).astype(numpy.float32))
    y = torch.from_numpy(data["y"].astype(numpy.int64))
    weights = train(options.scheme, x, y, split, options.seed, options.epochs)
    with open(options.out, "w") as file:
        json.dump(evaluate(weights, x, y, split, options.scheme), file, indent=1)


if __name__ == "__main__":
    main()
