"""The same question answered in other ways at their cost, over how reliable nodes are: by one machine alone, all in one place, by
replicas, by skip hyperconnections. All from how accurate the trained networks are under each failure pattern."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses
import math
import statistics
from typing import Optional

from experiments.alone import holders
from reporting.facts import expected_accuracy
from shared.command import Failure
from shared.summary import summarize

REPLICAS = (2, 3)
LEAST, MOST = 0.5, 0.9999  # reliability of a node, on the curves
POINTS = 76  # at even distances in the logarithm of the unreliability
SHOWN = (0.5, 0.8, 0.9, 0.99, 0.999, 0.9999)  # in the table
BYTES_PER_NUMBER = 4  # inputs are f32


@dataclasses.dataclass(frozen=True)
class Strategy:
    """A trained network, and where it runs."""

    name: str
    trained: str  # the variant that is trained for it
    place: Optional[frozenset] = None  # the only machines: all inputs go to the output's; nothing: as the network is cut
    replicas: int = 1  # of each node that can fail
    shown: bool = True  # on the curves, and among the crossovers


class Curve:
    """Expected accuracy of one run, where nodes fail independently with one probability."""

    def __init__(self, patterns, failable, replicas):
        """`patterns`: all failure patterns, of which those count that have only nodes of `failable` down."""
        counted = [pattern for pattern in patterns if failable.issuperset(pattern["down"])]
        if len(counted) != 2 ** len(failable):
            raise Failure(f"{len(failable)} nodes can fail, but the evaluation has {len(counted)} of their {2 ** len(failable)} failure patterns")
        # Patterns with as many nodes down are as probable: the sum of their accuracies is all that matters.
        self._sums = [0.0] * (len(failable) + 1)
        for pattern in counted:
            self._sums[len(pattern["down"])] += pattern["accuracy"]
        self._replicas = replicas

    def __call__(self, unreliability):
        down, nodes = unreliability**self._replicas, len(self._sums) - 1
        return sum(total * down**count * (1 - down) ** (nodes - count) for count, total in enumerate(self._sums))


def failable_nodes(network):
    """Those that have a reliability in some setting."""
    return frozenset(node for setting in network["reliability"].values() for node in setting)


def compare(experiment, networks):
    """What experiment.json says under "baselines". `networks`: network.json of each variant, by name; the variants are vanilla, the scheme,
    and one for each machine alone."""
    plain, skips, *alone = [variant["name"] for variant in experiment["variants"]]
    variants = {variant["name"]: variant for variant in experiment["variants"]}
    key = experiment["measure"].replace(" ", "_")
    patterns = {
        name: [[pattern | {"accuracy": pattern[key]} for pattern in run["evaluation"]["patterns"]] for run in variant["runs"]]
        for name, variant in variants.items()
    }
    best = max(alone, key=lambda name: _validation(variants[name]["runs"]))
    strategies = [Strategy(name, name, shown=name == best) for name in alone]
    strategies += _in_one_place(networks[plain], plain, skips)
    strategies += [Strategy(plain, plain), *(Strategy(f"{plain}, {count} replicas", plain, replicas=count) for count in REPLICAS)]
    strategies += [Strategy(skips, skips)]

    grid = [(1 - LEAST) * ((1 - MOST) / (1 - LEAST)) ** (k / (POINTS - 1)) for k in range(POINTS)]
    curves, described = {}, []
    for strategy in strategies:
        network, runs = networks[strategy.trained], patterns[strategy.trained]
        failable = failable_nodes(network) & (strategy.place or set(network["nodes"]))
        curves[strategy.name] = [Curve(run, failable, strategy.replicas) for run in runs]
        values = {"no failure": variants[strategy.trained]["values"]["no failure"]}
        for setting in experiment["quantities"][1:]:
            up = {node: 1 - (1 - value) ** strategy.replicas for node, value in network["reliability"][setting].items() if node in failable}
            values[setting] = [expected_accuracy(run, up) for run in runs]
        described.append(
            {
                "name": strategy.name,
                "shown": strategy.shown,
                "costs": costs(network, strategy),
                "summary": {name: dataclasses.asdict(summarize(each)) for name, each in values.items()},
                "curve": [_rounded(_at(curves[strategy.name], unreliability)) for unreliability in grid],
                "at": {str(p): dataclasses.asdict(_at(curves[strategy.name], 1 - p)) for p in SHOWN},
            }
        )
    shown = {strategy.name: curves[strategy.name] for strategy in strategies if strategy.shown}
    return {
        "alone": best,
        "private": [given["name"] for given in networks[plain]["inputs"] if given["private"]],
        "failable": sorted(failable_nodes(networks[plain]), key=networks[plain]["nodes"].index),
        "reliability": [round(1 - unreliability, 9) for unreliability in grid],
        "strategies": described,
        "crossovers": crossovers(shown, grid),
    }


def _validation(runs):
    """Mean accuracy on validation rows of the weights that were kept: what may choose among models. Test rows may not."""
    return statistics.mean(run["history"]["validation_accuracy"][run["history"]["best_epoch"] - 1] or 0 for run in runs)


def _in_one_place(network, plain, skips):
    """All layers on the output's machine, trained either way: failout helps where machines that hold inputs can fail, and may otherwise."""
    output = network["outputs"][0]["node"]
    place = frozenset([*holders(network), output])
    return [Strategy(f"all on {output}", plain, place), Strategy(f"all on {output}, {skips}", skips, place)]


def costs(network, strategy):
    """Of one inference while all machines are up. Each live replica of a receiver gets what a hyperconnection carries: "bytes" from one of
    the sender's replicas, "most_bytes" from each of them."""
    copies = {node: strategy.replicas if node in failable_nodes(network) else 1 for node in network["nodes"]}
    if strategy.place:
        output = network["outputs"][0]["node"]
        sent = [(BYTES_PER_NUMBER * math.prod(given["shape"]), 1, 1) for given in network["inputs"] if given["node"] != output]
    else:
        sent = [(link["bytes"], copies[link["from"]], copies[link["to"]]) for link in network["hyperconnections"] if not link.get("standby")]
    return {
        "machines": len(strategy.place or ()) or sum(copies.values()),
        "parameters": sum(copies[node] * cost["parameters"] for node, cost in network["costs"].items()),
        "multiply_adds": sum(copies[node] * cost["multiply_adds"] for node, cost in network["costs"].items()),
        "bytes": sum(size * receivers for size, _, receivers in sent),
        "most_bytes": sum(size * senders * receivers for size, senders, receivers in sent),
    }


def _at(curves, unreliability):
    return summarize([curve(unreliability) for curve in curves])


def _rounded(summary):
    """(mean, low, high), as plots need them."""
    return [None if value is None else round(value, 6) for value in (summary.mean, summary.low, summary.high)]


def crossovers(curves, grid):
    """Where one mean overtakes another while nodes become more reliable: who leads below and above it, the reliability, the accuracy there,
    and "clear": up to where below it, and from where above it, the 95 % interval of the difference (of the same seeds) is on one
    side of zero; none where it never is. In the order of reliability. `grid`: unreliabilities, the greatest first."""
    found = []
    names = list(curves)
    for place, one in enumerate(names):
        for other in names[:place]:

            def lead(unreliability):  # of `one`
                return summarize([mine(unreliability) - its(unreliability) for mine, its in zip(curves[one], curves[other])])

            means = [lead(unreliability).mean for unreliability in grid]
            signs = [(k, mean > 0) for k, mean in enumerate(means) if abs(mean) > 1e-12]  # what rounds differently leads nowhere
            for (left, before), (right, after) in zip(signs, signs[1:]):
                if before == after:
                    continue
                crossing = bisect(lambda u: (lead(u).mean > 0) == after, grid[left], grid[right])
                below, above = (other, one) if after else (one, other)
                ends = [_clear(lead, [crossing, *grid[left::-1]], before), _clear(lead, [crossing, *grid[right:]], after)]
                found.append(
                    {
                        "below": below,
                        "above": above,
                        "reliability": 1 - crossing,
                        "accuracy": statistics.mean(curve(crossing) for curve in curves[one]),
                        "clear": [None if end is None else 1 - end for end in ends],
                    }
                )
    return sorted(found, key=lambda each: each["reliability"])


def _clear(lead, path, positive):
    """The first unreliability along `path`, from a crossover away, at which a lead is clear; nothing where it never becomes so."""

    def is_clear(unreliability):
        summary = lead(unreliability)
        return summary.low is not None and (summary.low > 0 if positive else summary.high < 0)

    for before, unreliability in zip(path, path[1:]):
        if is_clear(unreliability):
            return bisect(is_clear, before, unreliability)
    return None


def bisect(holds, start, end):
    """Between two unreliabilities: where `holds` begins to, which does at `end`, but at `start` does not."""
    for _ in range(60):
        middle = math.sqrt(start * end)
        start, end = (start, middle) if holds(middle) else (middle, end)
    return end
