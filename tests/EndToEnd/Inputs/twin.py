"""Networks over failing machines in PyTorch, written by hand: an independent twin of what rnet compiles.

It reads nothing of rnet but weights files: names, and PyTorch's layout of parameters. networks.py describes networks with it.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses
import pathlib
import sys
from typing import Callable, Optional

import torch
import torch.nn.functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "tools"))
from shared.weights import read_weights  # noqa: E402

EXIT_WEIGHT = 0.3  # of an exit's loss, unless the recipe says otherwise
SCHEMES = ("vanilla", "dfg", "resilinet", "resilinet+")


def load_weights(path):
    """Tensors of a weights file, by name."""
    return {name: torch.from_numpy(array) for name, array in read_weights(path).items()}


class Layers:
    """The layers of one pass. Values are [rows, channels] or [rows, height, width, channels]."""

    def __init__(self, weights, training):
        self.weights, self.training = weights, training
        self.used = set()  # names of parameters
        self.statistics = {}  # running ones after this step, by name

    def parameter(self, name):
        self.used.add(name)
        return self.weights[name]

    def dense(self, path, x, bias=True):
        return F.linear(x, self.parameter(path + ".weight"), self.parameter(path + ".bias") if bias else None)

    def conv(self, path, x, stride=1, padding="same", bias=True, groups=1):
        weight = self.parameter(path + ".weight")
        x = F.pad(x.permute(0, 3, 1, 2), pads(x, weight.shape[2:], pair(stride), padding))
        y = F.conv2d(x, weight, self.parameter(path + ".bias") if bias else None, pair(stride), groups=groups)
        return y.permute(0, 2, 3, 1)

    def depthwise_conv(self, path, x, stride=1, padding="same", bias=True):
        return self.conv(path, x, stride, padding, bias, groups=x.shape[3])

    def scale(self, path, x):
        return self.parameter(path + ".factor") * x

    def batch_norm(self, path, x, momentum=0.99, epsilon=1e-3):
        gamma, beta, mean, variance = (self.parameter(f"{path}.{name}") for name in ("gamma", "beta", "mean", "variance"))
        if self.training:
            mean, variance = mean.clone(), variance.clone()  # what the next line moves
            self.statistics.update({path + ".mean": mean, path + ".variance": variance})
        return F.batch_norm(x.movedim(-1, 1), mean, variance, gamma, beta, self.training, 1 - momentum, epsilon).movedim(1, -1)


def pair(size):
    return size if isinstance(size, tuple) else (size, size)


def pads(x, kernel, stride, padding):
    """Left, right, top, bottom, as torch wants them; `padding` is 'same', 'valid' or (top, bottom, left, right)."""
    if padding == "valid":
        return 0, 0, 0, 0
    if padding == "same":  # TensorFlow's rule
        totals = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(x.shape[1:3], kernel, stride)]
        (top, bottom), (left, right) = ((total // 2, total - total // 2) for total in totals)
    else:
        top, bottom, left, right = padding
    return left, right, top, bottom


def pool(function, x, kernel, stride, padding, outside):
    around = pads(x, pair(kernel), pair(stride), padding)
    return function(F.pad(x.permute(0, 3, 1, 2), around, value=outside), pair(kernel), pair(stride)).permute(0, 2, 3, 1)


def max_pool(x, kernel, stride=None, padding="valid"):
    return pool(F.max_pool2d, x, kernel, stride or kernel, padding, -float("inf"))


def avg_pool(x, kernel, stride=None, padding="valid"):
    """The mean of what is inside the image."""
    sums, counts = (pool(F.avg_pool2d, v, kernel, stride or kernel, padding, 0.0) for v in (x, torch.ones_like(x)))
    return sums / counts


def global_avg_pool(x):
    return x.mean((1, 2))


def zero_pad(x, top=0, bottom=0, left=0, right=0):
    return F.pad(x, (0, 0, left, right, top, bottom))


def relu6(x):
    return torch.clamp(x, 0, 6)


@dataclasses.dataclass
class Link:
    """A hyperconnection. A skip stands in for simple inputs from the nodes `stands_for`, and bypasses so many nodes."""

    sender: str
    receiver: str
    project: Optional[Callable] = None  # of layers, value
    weight: float = 1.0
    stands_for: tuple = ()
    bypassed: int = 1


@dataclasses.dataclass
class Network:
    inputs: dict  # name: (node, shape of a row)
    nodes: dict  # name: function of layers, value; in topological order; the last makes logits
    links: list
    failable: tuple  # in the order of rnet's failure patterns
    classes: int
    exits: dict = dataclasses.field(default_factory=dict)  # node: function of layers, value to logits; as they answer
    averages: tuple = ()  # (sender, receiver): what the receiver adds where that is missing

    def patterns(self):
        """All failure patterns, as {node: is up}; the first failable node is the lowest bit."""
        for bits in range(2 ** len(self.failable)):
            yield {node: not bits >> k & 1 for k, node in enumerate(self.failable)}

    def inputs_of(self, arrays):
        """Rows of each input in float64, from arrays by the input's name (or `x`)."""
        name_of = lambda name: "x" if len(self.inputs) == 1 and name not in arrays else name
        return {name: torch.from_numpy(arrays[name_of(name)]).double().reshape(-1, *shape) for name, (_, shape) in self.inputs.items()}

    def forward(self, weights, inputs, scheme, up, training=False):
        """Logits of raw inputs [rows, ...] for the rows in which information reaches the output or, where it reaches it in none, the
        first exit that it reaches (None where there is none); and the layers of the pass. Their `present` says which rows those are, their
        `heads` what the output and each exit have, as pairs of present rows and logits of these. `up` says for a node whether it is up: a bool, or one for each row."""
        layers = Layers(weights, training)
        rows = len(next(iter(inputs.values())))
        everywhere = torch.ones(rows, dtype=torch.bool)
        values = {}  # by node: which rows are present, and all rows, zeros where they are absent; None where none are
        for name, compute in self.nodes.items():
            arrived = [
                (everywhere, (inputs[given] - layers.parameter(given + ".mean")) / layers.parameter(given + ".deviation"))
                for given, (node, _) in self.inputs.items()
                if node == name
            ]
            joined = self.join(layers, name, values, scheme)
            arrived += [(there, value) for _, there, value in joined]
            present = any_of(there for there, _ in arrived) if arrived else ~everywhere
            for sender, receiver in self.averages if scheme == "resilinet" else ():
                if receiver == name and present.any():
                    given = [there for link, there, _ in joined if sender in (link.stands_for or (link.sender,))]
                    counts = present & ~any_of(given) if given else present
                    average = layers.parameter(f"{sender}_to_{receiver}.average").reshape(arrived[0][1].shape[1:])
                    arrived.append((counts, spread(average.expand(int(counts.sum()), *average.shape), counts)))
            present = present & torch.as_tensor(up.get(name, True))
            if present.any():
                total = sum(value for _, value in arrived)
                values[name] = present, spread(compute(layers, total[present]), present)
            else:
                values[name] = None
        nothing = ~everywhere, None
        layers.heads = [(values[name][0], values[name][1][values[name][0]]) if values[name] else nothing]
        for name, head in {} if scheme == "vanilla" else self.exits.items():
            present, value = values[name] or nothing
            layers.heads.append((present, head(layers, value[present])) if present.any() else nothing)
        layers.present, logits = next((head for head in layers.heads if head[0].any()), layers.heads[0])
        return logits, layers

    def loss(self, layers, labels, class_weights=None, targets=None, exits=EXIT_WEIGHT):
        """Of a pass, the sum over the output and, weighed, the exits: each the mean over the rows that it has. None where they have none."""
        losses = [
            (exits if k else 1) * loss(logits, labels[there], class_weights, None if targets is None else targets[there])
            for k, (there, logits) in enumerate(layers.heads)
            if there.any()
        ]
        return sum(losses) if losses else None

    def join(self, layers, receiver, values, scheme):
        """What the hyperconnections bring, as far as it counts: by link, present rows, and all rows."""
        links = [link for link in self.links if link.receiver == receiver and values[link.sender]]
        simple = [link for link in links if not link.stands_for]
        skips = [] if scheme == "vanilla" else [link for link in links if link.stands_for]
        there = {id(link): values[link.sender][0] for link in links}
        if scheme == "resilinet":
            for link in skips:
                stood_for = [there[id(other)] for other in simple if other.sender in link.stands_for]
                if stood_for:
                    there[id(link)] = there[id(link)] & ~any_of(stood_for)
            called = dict(there)
            for link in skips:
                nearer = [
                    called[id(other)] for other in skips if other.stands_for == link.stands_for and other.bypassed < link.bypassed
                ]
                if nearer:
                    there[id(link)] = there[id(link)] & ~any_of(nearer)
        arrived = []
        for link in simple + skips:
            present, value = there[id(link)], values[link.sender][1][there[id(link)]]
            if present.any():
                arrived.append(
                    (link, present, spread(link.weight * (link.project(layers, value) if link.project else value), present))
                )
        return arrived


def any_of(masks):
    return torch.stack(list(masks)).any(0)


def spread(values, present):
    """All rows: `values` in those that are present, zeros elsewhere."""
    rows = values.new_zeros(len(present), *values.shape[1:])
    rows[present] = values
    return rows


def loss(logits, labels, class_weights=None, targets=None):
    """The mean cross-entropy with the labels, or with `targets` [rows, classes]; a row weighs as the class of its label."""
    if targets is None:
        return F.cross_entropy(logits, labels, weight=class_weights)
    rows = F.cross_entropy(logits, targets, reduction="none")
    weights = torch.ones_like(rows) if class_weights is None else class_weights[labels]
    return (weights * rows).sum() / weights.sum()


def balanced_weights(labels, classes):
    """Each class that has rows weighs the same; the mean over the rows is 1."""
    counts = torch.bincount(labels, minlength=classes).double()
    return torch.where(counts > 0, len(labels) / ((counts > 0).sum() * counts), torch.zeros(()).double())


def split_weights(tensors):
    """What is learnt, in float64 with gradients, and what is not: statistics of inputs and of batch normalisation, averages."""
    frozen = lambda name: name.rpartition(".")[2] in ("mean", "deviation", "variance", "average")
    learnt = {name: tensor.double().requires_grad_() for name, tensor in tensors.items() if not frozen(name)}
    return learnt, {name: tensor.double() for name, tensor in tensors.items() if frozen(name)}
