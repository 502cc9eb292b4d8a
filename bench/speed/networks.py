"""The networks that are timed, for ONNX Runtime, in its own form: channels first, padding within convolutions, weights [in, out].

All nodes are up and all hyperconnections there, under the scheme resilinet+: what rnet computes too, with the same weights. The input is
normalised already, which rnet still has to do.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses
from typing import Callable

import numpy

import onnx_file


class Layers(onnx_file.Graph):
    """Layers by the names of their parameters in a weights file."""

    def __init__(self, weights):
        super().__init__()
        self.weights = weights

    def parameter(self, name):
        return self.constant(name, self.weights[name])

    def dense(self, path, x, output=None):
        weight = self.constant(path + ".weight", self.weights[path + ".weight"].T)
        return self.add("Gemm", x, weight, self.parameter(path + ".bias"), output=output)

    def relu(self, x):
        return self.add("Relu", x)

    def conv(self, path, x, stride=1, pads=(0, 0, 0, 0), groups=1):
        """`pads` are top, left, bottom, right."""
        weight = self.weights[path + ".weight"]
        return self.add("Conv", x, self.parameter(path + ".weight"), kernel_shape=weight.shape[2:], strides=(stride, stride),
                        pads=pads, group=groups)  # fmt: skip

    def batch_norm(self, path, x):
        parameters = [self.parameter(f"{path}.{name}") for name in ("gamma", "beta", "mean", "variance")]
        return self.add("BatchNormalization", x, *parameters, epsilon=1e-3)

    def batch_norm_relu6(self, path, x):
        x = self.batch_norm(path, x)
        if "zero" not in self.weights:
            self.weights |= {"zero": numpy.array(0.0, numpy.float32), "six": numpy.array(6.0, numpy.float32)}
            self.parameter("zero"), self.parameter("six")
        return self.add("Clip", x, "zero", "six")

    def separable(self, path, x, step=1):
        channels = self.weights[path + ".depthwise_conv1.weight"].shape[0]
        before = 2 - step
        x = self.conv(path + ".depthwise_conv1", x, step, (before, before, 1, 1), groups=channels)
        x = self.batch_norm_relu6(path + ".batch_norm1", x)
        return self.batch_norm_relu6(path + ".batch_norm2", self.conv(path + ".conv1", x))

    def residual(self, path, x, step=1):
        """Two convolutions, normalised before each, beside a shortcut."""
        y = x
        for k, stride in ((1, step), (2, 1)):
            before = 2 - stride
            y = self.relu(self.batch_norm(f"{path}.batch_norm{k}", y))
            y = self.conv(f"{path}.conv{k}", y, stride, (before, before, 1, 1))
        return self.add("Add", y, x if step == 1 else self.conv(path + ".shortcut.conv1", x, step))

    def softmax(self, x):
        return self.add("Softmax", x, output="output", axis=1)


def health(layers):
    def stack(node, count, x):
        for k in range(1, count + 1):
            x = layers.relu(layers.dense(f"{node}.dense{k}", x))
        return x

    edge = stack("edge", 1, "input")
    fog2 = stack("fog2", 2, layers.add("Add", edge, layers.dense("iot_to_fog2.projection", "input")))
    fog1 = stack("fog1", 3, layers.add("Add", fog2, edge))
    cloud = stack("cloud", 4, layers.add("Add", fog1, fog2))
    layers.softmax(layers.dense("cloud.dense5", cloud))


def mobilenet(prefix, first_step, edge_steps, skip_step, grown):
    """`grown`: what the fog makes is a row and a column smaller than what the skip around it brings."""

    def build(layers):
        def run(first, steps, x):
            for k, step in enumerate(steps, first):
                x = layers.separable(f"{prefix}.separable{k}", x, step)
            return x

        iot = layers.conv(prefix + ".first1.conv1", "input", first_step, (0, 0, 1, 1))
        iot = layers.batch_norm_relu6(prefix + ".first1.batch_norm1", iot)
        edge = run(1, edge_steps, iot)
        fog = layers.add("Add", edge, layers.conv("iot_to_fog.projection", iot, skip_step))
        fog = run(4, (2, 1, 2, 1, 1), fog)
        if grown:
            fog = layers.add("Pad", fog, layers.constant("grown", numpy.array([0, 0, 0, 0, 0, 0, 1, 1])))
        cloud = layers.add("Add", fog, layers.conv("edge_to_cloud.projection", edge, 4))
        cloud = run(9, (1, 1, 1, 2, 1), cloud)
        mean = layers.add("Flatten", layers.add("GlobalAveragePool", cloud))
        layers.softmax(layers.dense(prefix + ".dense1", mean))

    return build


def resnet18(layers):
    blocks = [("basic1", 1), ("basic2", 1), ("reduce1", 2), ("basic3", 1), ("reduce2", 2), ("basic4", 1), ("reduce3", 2), ("basic5", 1)]

    def run(part, x):
        for name, step in part:
            x = layers.residual(f"resnet18.{name}.residual1", x, step)
        return x

    iot = layers.conv("resnet18.conv1", "input", 1, (1, 1, 1, 1))
    edge = run(blocks[:2], iot)
    fog = run(blocks[2:4], layers.add("Add", edge, iot))
    cloud = run(blocks[4:], layers.add("Add", fog, layers.conv("edge_to_cloud.projection", edge, 2)))
    cloud = layers.relu(layers.batch_norm("resnet18.batch_norm1", cloud))
    layers.softmax(layers.dense("resnet18.dense1", layers.add("Flatten", layers.add("GlobalAveragePool", cloud))))


@dataclasses.dataclass
class Network:
    spec: str  # below examples/
    name: str  # in the spec
    folder: str  # of its own, for what is built
    input: tuple  # shape of a row, channels last
    classes: int
    build: Callable
    goal: float  # of the speed of ONNX Runtime, for one row
    sequence: int  # requests that take some tens of milliseconds


NETWORKS = {
    "health": Network("01-health/health.rnet", "health", "health", (23,), 13, health, 1.5, 1000),
    "MobileNet 32x32": Network(
        "03-cifar-mobilenet/cifar.rnet", "cifar", "cifar", (32, 32, 3), 10, mobilenet("mobilenet", 1, (1, 1, 1), 1, True), 1.18, 20
    ),
    "MobileNet 160x160": Network(
        "05-imagenet-mobilenet/imagenet.rnet", "imagenet", "imagenet", (160, 160, 3), 1000, mobilenet("body", 2, (1, 2, 1), 2, False), 1.2, 5
    ),
    "ResNet-18 32x32": Network("04-cifar-resnet18/cifar.rnet", "cifar", "resnet18", (32, 32, 3), 10, resnet18, 1.0, 3),
}


def export(network, weights, path, rows):
    """Writes the network with these weights ({name: array}) as an ONNX file; returns the shapes of its input and output."""
    layers = Layers(dict(weights))
    network.build(layers)
    shape = (rows, *network.input[-1:], *network.input[:-1])
    layers.write(path, shape, (rows, network.classes))
    return shape, (rows, network.classes)


def normalise(network, weights, rows):
    """Rows as ONNX Runtime gets them."""
    (name,) = {key.rpartition(".")[0] for key in weights if key.endswith(".deviation")}
    rows = (rows - weights[name + ".mean"]) / weights[name + ".deviation"]
    return numpy.moveaxis(rows, -1, 1)
