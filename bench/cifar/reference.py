"""MobileNet of examples/03-cifar-mobilenet in PyTorch: one training run with the first weights, batches and failout masks of rnet's.

    reference.py --scheme S --train F.bin --validation F.bin --test F.bin --init W0.safetensors --trace TRACE.npz --out OUT.json

The network is the tests' twin of the example, written by hand. The trace is what `cifar-train --trace` writes: it says which rows a step
takes and which nodes are absent in it. Kept are the weights of the epoch with the best validation accuracy, the first among equals;
OUT has their accuracy on the test rows under every failure pattern. Images are not augmented, and there is no dropout. One thread.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import pathlib
import sys

import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests/EndToEnd/Inputs"))
import networks  # noqa: E402
import twin  # noqa: E402

RELIABILITY = {
    "normal": {"edge": 0.96, "fog": 0.98},
    "poor": {"edge": 0.90, "fog": 0.95},
    "hazardous": {"edge": 0.80, "fog": 0.85},
}
ROWS = 500  # at a time, where nothing is learnt


def read_cifar(path):
    """Images [rows, 32, 32, 3] and labels of a file of CIFAR-10's binary version."""
    rows = numpy.fromfile(path, numpy.uint8).reshape(-1, 3073)
    images = rows[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return torch.from_numpy(images.copy()), torch.from_numpy(rows[:, 0].astype(numpy.int64))


def accuracy(network, weights, data, scheme, up):
    """None where no information flows."""
    images, labels = data
    right = 0
    with torch.no_grad():
        for begin in range(0, len(labels), ROWS):
            part = slice(begin, begin + ROWS)
            logits, _ = network.forward(weights, {"image": images[part].float()}, scheme, up)
            if logits is None:
                return None
            right += int((logits.argmax(1) == labels[part]).sum())
    return right / len(labels)


def take_steps(network, scheme, tensors, trace, images, labels):
    """Takes the steps of a trace from the weights `tensors`, which change; yields logits and rows of each, None where nothing flowed."""
    frozen = {name for name in tensors if name.rpartition(".")[2] in ("mean", "deviation", "variance")}
    weights = [tensor.requires_grad_() for name, tensor in tensors.items() if name not in frozen]
    for weight in weights:
        weight.grad = torch.zeros_like(weight)  # what is absent in a step has gradient zero
    optimizer = torch.optim.Adam(weights, lr=1e-3, eps=1e-7, foreach=True)
    for step, mask in enumerate(trace["masks"]):
        begin, end = trace["batch_offsets"][step : step + 2]
        rows = torch.from_numpy(trace["order"][begin:end])
        up = dict(zip(network.failable, map(bool, mask)))
        logits, layers = network.forward(tensors, {"image": images[rows].to(weights[0].dtype)}, scheme, up, training=True)
        if logits is not None:
            optimizer.zero_grad(set_to_none=False)
            twin.loss(logits, labels[rows]).backward()
            optimizer.step()
            tensors.update(layers.statistics)
        yield logits, rows


def train(network, scheme, tensors, trace, trained, validation):
    """All weights after the best epoch."""
    best, best_accuracy, seen = None, -1.0, 0
    for _, rows in take_steps(network, scheme, tensors, trace, *trained):
        seen += len(rows)
        if seen % len(trained[1]) == 0:
            now = accuracy(network, tensors, validation, scheme, {})
            print(f"epoch {seen // len(trained[1])}: validation accuracy {now:.4f}", flush=True)
            if now > best_accuracy:
                best_accuracy = now
                best = {name: tensor.detach().clone() for name, tensor in tensors.items()}
    return best


def evaluate(network, weights, scheme, labels, data):
    frequency = lambda labels: torch.bincount(labels, minlength=10).double() / len(labels)
    guess = float((frequency(labels) * frequency(data[1])).sum())
    scored = {}
    for up in network.patterns():
        found = accuracy(network, weights, data, scheme, up)
        scored[tuple(node for node in network.failable if not up[node])] = guess if found is None else found
    expected = {
        setting: sum(
            value * numpy.prod([1 - r if node in down else r for node, r in reliability.items()]) for down, value in scored.items()
        )
        for setting, reliability in RELIABILITY.items()
    }
    return {
        "accuracy": scored[()],
        "guess": guess,
        "expected_accuracy": expected,
        "single_down": {node: scored[(node,)] for node in network.failable},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "validation", "test", "init", "trace", "out"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--scheme", required=True, choices=twin.SCHEMES)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = networks.mobilenet_network(side=32)
    trained, validation, test = (read_cifar(path) for path in (options.train, options.validation, options.test))
    trace = numpy.load(options.trace)
    assert trace["nodes"].tolist() == list(network.failable)
    tensors = twin.load_weights(options.init)
    weights = train(network, options.scheme, tensors, trace, trained, validation)
    with open(options.out, "w") as file:
        json.dump(evaluate(network, weights, options.scheme, trained[1], test), file, indent=1)


if __name__ == "__main__":
    main()
