"""Replays a float64 training run of rnet in PyTorch: same first weights, order and failout masks; losses step by step.

follow_training.py --trace T.npz --init W0.safetensors --final W.safetensors --data F.npz --scheme S
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
    for name in ("trace", "init", "final", "data", "scheme"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data, trace = numpy.load(options.data), numpy.load(options.trace)
    assert trace["nodes"].tolist() == list(reference.FAILABLE)
    weights, _ = reference.load_weights(options.init)
    mean, deviation = (weights.pop("sensors." + name).double().numpy() for name in ("mean", "deviation"))
    own_mean, own_deviation = reference.normalization(data["x"][trace["train"]])
    assert numpy.allclose(mean, own_mean, rtol=1e-9) and numpy.allclose(deviation, own_deviation, rtol=1e-9)
    x = torch.from_numpy((data["x"].astype(numpy.float64) - mean) / deviation)
    y = torch.from_numpy(data["y"].astype(numpy.int64))
    weights = {name: weight.double().requires_grad_() for name, weight in weights.items()}
    optimizer = torch.optim.Adam(weights.values(), lr=1e-3, eps=1e-7)
    worst, skipped = 0.0, 0
    for step, loss in enumerate(trace["loss"]):
        begin, end = trace["batch_offsets"][step : step + 2]
        rows = torch.from_numpy(trace["order"][begin:end])
        up = dict(zip(reference.FAILABLE, map(bool, trace["masks"][step])))
        logits = reference.forward(weights, x[rows], options.scheme, up)
        if logits is None:
            assert numpy.isnan(loss), step
            skipped += 1
            continue
        own = torch.nn.functional.cross_entropy(logits, y[rows])
        error = abs(own.item() - loss) / abs(own.item())
        worst = max(worst, error)
        assert error <= TOLERANCE, (step, own.item(), loss)
        optimizer.zero_grad(set_to_none=False)
        for weight in weights.values():
            if weight.grad is None:
                weight.grad = torch.zeros_like(weight)
        own.backward()
        optimizer.step()
    final, _ = reference.load_weights(options.final)
    for name, weight in weights.items():
        error = float((weight.detach() - final[name].double()).norm() / weight.detach().norm())
        assert error <= TOLERANCE, (name, error)
    print(f"{len(trace['loss'])} losses agree to {worst:.1e}, {skipped} steps without information flow skipped")


if __name__ == "__main__":
    main()
