"""Times training steps in eager PyTorch: for each number N on stdin, takes N steps and prints how many nanoseconds that took.

    pytorch.py --network health|mobilenet --batch N --threads N

The form that was found the fastest: images channels last, ReLU6 in place, all parameters in one tensor for Adam. Rows are noise, with
labels by chance, and each step gathers its own from a set in memory; all nodes are up.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import sys
import time

import torch
import torch.nn.functional as F

ROWS = 4096


class Parameters:
    """One flat tensor, its gradient, and views of both by name."""

    def __init__(self, shapes):
        counts = {name: torch.Size(shape).numel() for name, shape in shapes.items()}
        self.flat = torch.zeros(sum(counts.values()))
        self.flat.grad = torch.zeros_like(self.flat)
        self.views, begin = {}, 0
        for name, shape in shapes.items():
            part = slice(begin, begin := begin + counts[name])
            if len(shape) > 1:
                fans = counts[name] // shape[0] + counts[name] // shape[1]
                self.flat[part].uniform_(-((6 / fans) ** 0.5), (6 / fans) ** 0.5)
            elif name.endswith("gamma"):
                self.flat[part] = 1
            self.views[name] = self.flat[part].view(shape).requires_grad_()
            self.views[name].grad = self.flat.grad[part].view(shape)

    def __getitem__(self, name):
        return self.views[name]


class Health:
    classes, shape = 13, (23,)
    layers = {"edge": 1, "fog2": 2, "fog1": 3, "cloud": 5}

    def __init__(self):
        shapes = {}
        for node, count in [*self.layers.items(), ("projection", 1)]:
            for k in range(count):
                inputs = 23 if node in ("edge", "projection") else 250
                units = self.classes if (node, k) == ("cloud", 4) else 250
                shapes |= {f"{node}{k}.weight": (units, inputs), f"{node}{k}.bias": (units,)}
        self.parameters = Parameters(shapes)

    def dense(self, name, x):
        return F.linear(x, self.parameters[name + ".weight"], self.parameters[name + ".bias"])

    def stack(self, node, x, count):
        for k in range(count):
            x = F.relu(self.dense(f"{node}{k}", x), inplace=True)
        return x

    def __call__(self, x):
        edge = self.stack("edge", x, 1)
        fog2 = self.stack("fog2", edge + self.dense("projection0", x), 2)
        fog1 = self.stack("fog1", fog2 + edge, 3)
        return self.dense("cloud4", self.stack("cloud", fog1 + fog2, 4))


class MobileNet:
    """At 32x32 and three quarters of the width, cut as in examples/03-cifar-mobilenet/cifar.rnet."""

    classes, shape = 10, (32, 32, 3)
    blocks = [(48, 1), (96, 1), (96, 1), (192, 2), (192, 1), (384, 2), *[(384, 1)] * 5, (768, 2), (768, 1)]

    def __init__(self):
        shapes, channels = {"first": (24, 3, 3, 3), **self.norm("first", 24)}, 24
        for k, (filters, _) in enumerate(self.blocks, 1):
            shapes |= {f"depthwise{k}": (channels, 1, 3, 3), **self.norm(f"depthwise{k}", channels)}
            shapes |= {f"pointwise{k}": (filters, channels, 1, 1), **self.norm(f"pointwise{k}", filters)}
            channels = filters
        shapes |= {"iot_to_fog": (96, 24, 1, 1), "edge_to_cloud": (384, 96, 1, 1)}
        shapes |= {"dense.weight": (self.classes, channels), "dense.bias": (self.classes,)}
        self.parameters = Parameters(shapes)
        self.statistics = {
            name: (torch.zeros(shape), torch.ones(shape)) for name, shape in shapes.items() if name.endswith("gamma")
        }

    @staticmethod
    def norm(name, channels):
        return {name + ".gamma": (channels,), name + ".beta": (channels,)}

    def conv(self, name, x, stride=1, padding=0, groups=1):
        return F.conv2d(x, self.parameters[name], None, stride, padding, groups=groups)

    def norm_relu6(self, name, x):
        statistics = self.statistics[name + ".gamma"]
        gamma, beta = self.parameters[name + ".gamma"], self.parameters[name + ".beta"]
        return F.relu6(F.batch_norm(x, *statistics, gamma, beta, training=True, momentum=0.01, eps=1e-3), inplace=True)

    def run(self, first, last, x):
        for k in range(first, last + 1):
            step = self.blocks[k - 1][1]
            x = x if step == 1 else F.pad(x, (0, 1, 0, 1))
            x = self.conv(f"depthwise{k}", x, step, 2 - step, groups=x.shape[1])
            x = self.norm_relu6(f"pointwise{k}", self.conv(f"pointwise{k}", self.norm_relu6(f"depthwise{k}", x)))
        return x

    def __call__(self, x):
        iot = self.norm_relu6("first", self.conv("first", F.pad(x.permute(0, 3, 1, 2), (0, 1, 0, 1))))
        edge = self.run(1, 3, iot)
        fog = self.run(4, 8, edge + self.conv("iot_to_fog", iot))
        cloud = self.run(9, 13, F.pad(fog, (0, 1, 0, 1)) + self.conv("edge_to_cloud", edge, 4))
        return F.linear(cloud.mean((2, 3)), self.parameters["dense.weight"], self.parameters["dense.bias"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=("health", "mobilenet"), required=True)
    parser.add_argument("--batch", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_flush_denormal(True)
    torch.manual_seed(1)
    network = {"health": Health, "mobilenet": MobileNet}[options.network]()
    x, y = torch.randn(ROWS, *network.shape), torch.randint(0, network.classes, (ROWS,))
    flat = network.parameters.flat
    optimizer = torch.optim.Adam([flat], lr=1e-3, eps=1e-7)

    def step(rows):
        flat.grad.zero_()
        F.cross_entropy(network(x[rows]), y[rows]).backward()
        optimizer.step()

    for count in sys.stdin:
        steps = torch.randint(0, ROWS, (int(count), options.batch))
        begin = time.monotonic_ns()
        for rows in steps:
            step(rows)
        print(time.monotonic_ns() - begin, flush=True)


if __name__ == "__main__":
    main()
