"""The networks of the tests, by hand: what layers.rnet and the examples say, in terms of twin.py."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses

import torch
import torch.nn.functional as F

from twin import Link, Network, avg_pool, global_avg_pool, max_pool, relu6, zero_pad


def dense_stack(node, count, classes=False):
    """`count` dense layers with ReLU; with `classes`, logits after them, of all there is in a row."""

    def compute(layers, x):
        for k in range(count):
            x = torch.relu(layers.dense(f"{node}.dense{k + 1}", x))
        return layers.dense(f"{node}.dense{count + 1}", x.flatten(1)) if classes else x

    return compute


# examples/01-health/health.rnet
health = Network(
    inputs={"sensors": ("iot", (23,))},
    nodes={
        "iot": lambda layers, x: x,
        "edge": dense_stack("edge", 1),
        "fog2": dense_stack("fog2", 2),
        "fog1": dense_stack("fog1", 3),
        "cloud": dense_stack("cloud", 4, classes=True),
    },
    links=[
        Link("iot", "edge"),
        Link("edge", "fog2"),
        Link("fog2", "fog1"),
        Link("fog1", "cloud"),
        Link("iot", "fog2", lambda layers, x: layers.dense("iot_to_fog2.projection", x), stands_for=("edge",)),
        Link("edge", "fog1", stands_for=("fog2",)),
        Link("fog2", "cloud", stands_for=("fog1",)),
    ],
    failable=("edge", "fog2", "fog1"),
    classes=13,
)

# examples/01-health/health-exits.rnet
health_exits = dataclasses.replace(
    health,
    failable=("edge", "fog2", "fog1", "cloud"),
    exits={node: lambda layers, x, node=node: layers.dense(f"{node}.exit.dense1", x) for node in ("fog1", "fog2", "edge")},
)


def separable(layers, path, x, step=1, padding="same"):
    x = layers.depthwise_conv(path + ".depthwise_conv1", x, step, padding, bias=False)
    x = relu6(layers.batch_norm(path + ".batch_norm1", x))
    return relu6(layers.batch_norm(path + ".batch_norm2", layers.conv(path + ".conv1", x, bias=False)))


def layers_device(layers, x):
    return relu6(layers.batch_norm("device.batch_norm1", layers.conv("device.conv1", x, (2, 1), (1, 2, 0, 1), bias=False)))


def layers_edge(layers, x):
    x = F.gelu(layers.depthwise_conv("edge.depthwise_conv1", x))
    inner = torch.relu(layers.batch_norm("edge.residual1.batch_norm1", x, momentum=0.9, epsilon=1e-2))
    x = x + layers.conv("edge.residual1.conv1", inner)
    shortcut = torch.sigmoid(layers.conv("edge.residual2.shortcut.conv1", x))
    x = separable(layers, "edge.residual2.separable1", x) + shortcut
    return zero_pad(max_pool(x, (3, 2), (2, 1), "same"), top=1, right=1)


def layers_fog(layers, x):
    first = torch.tanh(layers.dense("fog.concat1.branch1.dense1", x))
    second = layers.dense("fog.concat1.branch2.dense1", avg_pool(x, 3, 1, "same"), bias=False)
    second = layers.scale("fog.concat1.branch2.scale1", second)
    third = separable(layers, "fog.concat1.branch3.separable1", x)
    x = max_pool(layers.batch_norm("fog.batch_norm1", torch.cat((first, second, third), -1)), 2)
    return torch.tanh(layers.conv("fog.conv1", x, (1, 2), (0, 1, 0, 0)))


def layers_cloud(layers, x):
    x = layers.dense("cloud.hidden", avg_pool(x, (2, 1)).flatten(1), bias=False)
    x = F.gelu(layers.batch_norm("cloud.batch_norm1", x)).reshape(-1, 4, 2, 2)
    x = torch.sigmoid(layers.conv("cloud.conv1", x, padding="valid"))
    chances = torch.softmax(layers.dense("cloud.concat1.branch3.dense1", x.flatten(1)), -1)
    x = torch.cat((global_avg_pool(x), torch.tanh(x.flatten(1)), chances), -1)
    return layers.dense("cloud.dense1", x)


def layers_edge_to_cloud(layers, x):
    x = layers.batch_norm("edge_to_cloud.projection.batch_norm1", max_pool(x, (2, 4)))
    return layers.scale("edge_to_cloud.projection.scale1", layers.dense("edge_to_cloud.projection.dense1", x))


# layers.rnet
layers = Network(
    inputs={"image": ("device", (9, 7, 3))},
    nodes={"device": layers_device, "edge": layers_edge, "fog": layers_fog, "cloud": layers_cloud},
    links=[
        Link("device", "edge"),
        Link("edge", "fog"),
        Link("fog", "cloud"),
        Link(
            "device", "fog", lambda layers, x: layers.conv("device_to_fog.projection", x, 1, (0, 0, 0, 2)), stands_for=("edge",)
        ),
        Link("edge", "cloud", layers_edge_to_cloud, weight=0.5, stands_for=("fog",)),
    ],
    failable=("edge", "fog"),
    classes=4,
)


# examples/02-camera/camera.rnet, with views of another size
def camera_network(side):
    views = {"edge1": (0, 1), "edge2": (2,), "edge3": (3, 4), "edge4": (5,)}
    pass_on = lambda layers, x: x
    return Network(
        inputs={f"view{k}": (f"camera{k}", (side, side, 3)) for k in range(6)},
        nodes={
            **{f"camera{k}": pass_on for k in range(6)},
            **{f"edge{k}": dense_stack(f"edge{k}", 1) for k in range(1, 5)},
            "fog3": dense_stack("fog3", 1),
            "fog4": dense_stack("fog4", 2),
            "fog2": dense_stack("fog2", 2),
            "fog1": dense_stack("fog1", 2),
            "cloud": dense_stack("cloud", 3, classes=True),
        },
        links=[Link(f"camera{view}", edge) for edge, given in views.items() for view in given]
        + [
            Link("edge1", "fog3"),
            *(Link(edge, "fog4") for edge in ("edge2", "edge3", "edge4")),
            Link("fog3", "fog2"),
            Link("fog4", "fog2"),
            Link("fog2", "fog1"),
            Link("fog1", "cloud"),
            Link("edge1", "fog2", stands_for=("fog3",)),
            *(Link(edge, "fog2", stands_for=("fog4",)) for edge in ("edge2", "edge3", "edge4")),
            Link("fog3", "fog1", stands_for=("fog2",)),
            Link("fog4", "fog1", stands_for=("fog2",)),
            Link("fog2", "cloud", stands_for=("fog1",)),
        ],
        failable=("edge1", "edge2", "edge3", "edge4", "fog3", "fog4", "fog2", "fog1"),
        classes=3,
    )


camera = camera_network(side=8)

def copied(path):
    """A copy of the one dense layer of a node with a ReLU."""
    return lambda layers, x: torch.relu(layers.dense(path + ".dense1", x))


# hardened.rnet, with a copy on every skip and the averages of what may be missing
hardened = Network(
    inputs={"left": ("a", (6,)), "right": ("b", (6,))},
    nodes={
        "a": lambda layers, x: x,
        "b": lambda layers, x: x,
        **{node: dense_stack(node, 1) for node in ("e1", "e2", "e3", "f1", "f2", "h")},
        "c": dense_stack("c", 1, classes=True),
    },
    links=[
        Link("a", "e1"),
        Link("e1", "f1"),
        Link("b", "e2"),
        Link("e2", "f2"),
        Link("b", "e3"),
        Link("e3", "f2"),
        Link("f1", "h"),
        Link("f2", "h"),
        Link("h", "c"),
        Link("e1", "h", copied("e1_to_h.projection.f1"), stands_for=("f1",)),
        *(Link(node, "h", copied(f"{node}_to_h.projection.f2"), stands_for=("f2",)) for node in ("e2", "e3")),
        *(Link(node, "c", copied(f"{node}_to_c.projection.h"), stands_for=("h",)) for node in ("f1", "f2")),
    ],
    failable=("e1", "e2", "e3", "f1", "f2", "h"),
    classes=4,
    averages=(("e2", "f2"), ("e3", "f2"), ("f1", "h"), ("f2", "h")),
)

# examples/06-wearables/wearables.rnet
wearables = Network(
    inputs={"chest_signals": ("chest", (5,)), "ankle_signals": ("ankle", (9,)), "arm_signals": ("arm", (9,))},
    nodes={
        **{node: dense_stack(node, 1) for node in ("chest", "ankle", "arm")},
        "phone": dense_stack("phone", 2),
        "cloud": dense_stack("cloud", 2, classes=True),
    },
    links=[
        Link("phone", "cloud"),
        *(Link(node, "phone") for node in ("chest", "ankle", "arm")),
        *(Link(node, "cloud", stands_for=("phone",)) for node in ("chest", "ankle", "arm")),
    ],
    failable=("chest", "ankle", "arm", "phone"),
    classes=13,
)


def mobilenet_first(layers, x):
    x = layers.conv("mobilenet.first1.conv1", x, 1, (0, 1, 0, 1), bias=False)
    return relu6(layers.batch_norm("mobilenet.first1.batch_norm1", x))


def mobilenet_head(layers, x):
    return layers.dense("mobilenet.dense1", global_avg_pool(x))


def mobilenet_range(first, steps, head=None):
    """Separable blocks of the list from number `first` on."""

    def compute(layers, x):
        for k, step in enumerate(steps, first):
            x = separable(layers, f"mobilenet.separable{k}", x, step, (2 - step, 1, 2 - step, 1))
        return head(layers, x) if head else x

    return compute


def project(name, stride=1):
    return lambda layers, x: layers.conv(name + ".projection", x, stride, bias=False)


# examples/03-cifar-mobilenet/cifar.rnet, with images of another size
def mobilenet_network(side):
    return Network(
        inputs={"image": ("iot", (side, side, 3))},
        nodes={
            "iot": mobilenet_first,
            "edge": mobilenet_range(1, (1, 1, 1)),
            "fog": mobilenet_range(4, (2, 1, 2, 1, 1)),
            "cloud": mobilenet_range(9, (1, 1, 1, 2, 1), mobilenet_head),
        },
        links=[
            Link("iot", "edge"),
            Link("edge", "fog"),
            Link("fog", "cloud", lambda layers, x: zero_pad(x, bottom=1, right=1)),
            Link("iot", "fog", project("iot_to_fog"), stands_for=("edge",)),
            Link("edge", "cloud", project("edge_to_cloud", 4), stands_for=("fog",)),
        ],
        failable=("edge", "fog"),
        classes=10,
    )


mobilenet = mobilenet_network(side=16)


def resnet_block(layers, path, x, step):
    def half(k, x, step):
        x = torch.relu(layers.batch_norm(f"{path}.residual1.batch_norm{k}", x))
        return layers.conv(f"{path}.residual1.conv{k}", x, step, bias=False)

    shortcut = x if step == 1 else layers.conv(f"{path}.residual1.shortcut.conv1", x, step, bias=False)
    return half(2, half(1, x, step), 1) + shortcut


def resnet_range(blocks, head=None):
    def compute(layers, x):
        for block in blocks:
            x = resnet_block(layers, "resnet18." + block, x, 2 if block.startswith("reduce") else 1)
        return head(layers, x) if head else x

    return compute


def resnet_head(layers, x):
    x = torch.relu(layers.batch_norm("resnet18.batch_norm1", x))
    return layers.dense("resnet18.dense1", global_avg_pool(x))


# examples/04-cifar-resnet18/cifar.rnet
resnet = Network(
    inputs={"image": ("iot", (8, 8, 3))},
    nodes={
        "iot": lambda layers, x: layers.conv("resnet18.conv1", x, bias=False),
        "edge": resnet_range(("basic1", "basic2")),
        "fog": resnet_range(("reduce1", "basic3")),
        "cloud": resnet_range(("reduce2", "basic4", "reduce3", "basic5"), resnet_head),
    },
    links=[
        Link("iot", "edge"),
        Link("edge", "fog"),
        Link("fog", "cloud"),
        Link("iot", "fog", stands_for=("edge",)),
        Link("edge", "cloud", project("edge_to_cloud", 2), stands_for=("fog",)),
    ],
    failable=("edge", "fog"),
    classes=10,
)
