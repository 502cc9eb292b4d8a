"""Computes what `rnet experiment --study baselines` says in another way: by visiting every state of every replica.

judge_baselines.py tools                      curves, costs and crossovers of toys
judge_baselines.py tools experiment.json      all that an experiment says
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import itertools
import json
import math
import pathlib
import statistics
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from experiments.baselines import Curve, Strategy, costs, crossovers  # noqa: E402
from shared.command import Failure  # noqa: E402
from shared.summary import summarize  # noqa: E402


def visit(accuracy, up, replicas):
    """The mean of `accuracy`, by the nodes that are down, over all states of `replicas` of each node; `up`: {node: probability}."""
    total = 0.0
    for states in itertools.product(*(itertools.product((True, False), repeat=replicas) for _ in up)):
        weight = math.prod(p if alive else 1 - p for p, node in zip(up.values(), states) for alive in node)
        total += weight * accuracy[frozenset(node for node, alive in zip(up, states) if not any(alive))]
    return total


def by_nodes_down(patterns, key):
    return {frozenset(pattern["down"]): pattern[key] for pattern in patterns}


def near(found, expected, what, tolerance=1e-9):
    assert abs(found - expected) < tolerance, f"{what}: found {found}, expected {expected}"


def judge_toys():
    # Accuracies without any order, of three nodes of which two or all can fail.
    nodes = ("a", "b", "c")
    patterns = [
        {"down": list(down), "accuracy": 1 / (2 + 3 * k)}
        for k, down in enumerate(down for count in range(4) for down in itertools.combinations(nodes, count))
    ]
    table = by_nodes_down(patterns, "accuracy")
    for failable in (nodes, nodes[1:], nodes[:1], ()):
        for replicas in (1, 2, 3):
            curve = Curve(patterns, frozenset(failable), replicas)
            for p in (0.5, 0.9, 0.9999):
                near(curve(1 - p), visit(table, dict.fromkeys(failable, p), replicas), f"{failable}, {replicas} replicas, p = {p}")
    try:
        Curve(patterns[:-1], frozenset(nodes), 1)
        assert False, "a pattern is missing, and nothing complains"
    except Failure as error:
        print("incomplete:", error)

    # One node that may fail, all right or all wrong, beside a machine that is right in four of five: p = .8, and 1 - sqrt(.2) with a replica.
    works = [{"down": [], "accuracy": 1.0}, {"down": ["a"], "accuracy": 0.0}]
    steady = [Curve([{"down": [], "accuracy": 0.8}], frozenset(), 1)] * 3
    grid = [0.5 * 0.9**k for k in range(60)]
    for replicas, expected in ((1, 0.8), (2, 1 - math.sqrt(0.2))):
        (found,) = crossovers({"steady": steady, "works": [Curve(works, frozenset("a"), replicas)] * 3}, grid)
        assert (found["below"], found["above"]) == ("steady", "works"), found
        near(found["reliability"], expected, f"{replicas} replicas")
        near(found["accuracy"], 0.8, "there")
        near(found["clear"][0], expected, "seeds agree to the bit")
    assert not crossovers({"one": steady, "same": steady}, grid)

    # Seeds that differ: what is clear ends where the interval of the difference touches zero.
    tops = (0.97, 1.0, 1.02)
    varied = [Curve([{"down": [], "accuracy": top}, {"down": ["a"], "accuracy": 0.0}], frozenset("a"), 1) for top in tops]
    (found,) = crossovers({"works": varied, "steady": steady}, grid)
    assert (found["below"], found["above"]) == ("steady", "works"), found
    near(found["reliability"], 0.8 / statistics.mean(tops), "means")
    below, above = found["clear"]
    assert below < found["reliability"] < above, found
    near(summarize([top * below - 0.8 for top in tops]).high, 0, "clear below")
    near(summarize([top * above - 0.8 for top in tops]).low, 0, "clear above")
    (found,) = crossovers({"works": varied[:1], "steady": steady[:1]}, grid)
    assert found["clear"] == [None, None], found  # one run says nothing of others

    # Two cameras of 10 numbers each, an edge that can fail, a cloud.
    network = {
        "nodes": ["left", "right", "edge", "cloud"],
        "inputs": [{"node": "left", "shape": [5, 2]}, {"node": "right", "shape": [10]}],
        "outputs": [{"node": "cloud"}],
        "reliability": {"poor": {"edge": 0.5, "right": 0.5}},
        "hyperconnections": [
            {"from": "left", "to": "edge", "bytes": 1},
            {"from": "right", "to": "edge", "bytes": 10},
            {"from": "edge", "to": "cloud", "bytes": 100},
            {"from": "right", "to": "cloud", "bytes": 1000},
        ],
        "costs": {node: {"parameters": 10**k, "multiply_adds": 2 * 10**k} for k, node in enumerate(("left", "right", "edge", "cloud"))},
    }
    expected = {
        Strategy("cut", "v"): (4, 1111, 2222, 1111, 1111),
        # left, 3 right, 3 edges, cloud. To each of 3 edges: from left, and from one or 3 of right; to the cloud from one or 3 of each.
        Strategy("replicas", "v", replicas=3): (8, 1331, 2662, 3 * 1 + 3 * 10 + 100 + 1000, 3 * 1 + 9 * 10 + 3 * 100 + 3 * 1000),
        Strategy("one place", "v", frozenset(("left", "right", "cloud"))): (3, 1111, 2222, 80, 80),
    }
    for strategy, numbers in expected.items():
        found = tuple(costs(network, strategy).values())
        assert found == numbers, f"{strategy.name}: found {found}, expected {numbers}"


def judge_experiment(path):
    experiment = json.loads(path.read_text())
    baselines = experiment["baselines"]
    key = experiment["measure"].replace(" ", "_")
    runs = {variant["name"]: variant["runs"] for variant in experiment["variants"]}
    networks = {variant["name"]: json.loads((path.parent / variant["folder"] / "network.json").read_text()) for variant in experiment["variants"]}
    holders = {given["node"] for given in networks["vanilla"]["inputs"]} | {"cloud"}
    for strategy in baselines["strategies"]:
        name = strategy["name"]
        trained = name if name in runs else "resilinet+" if name.endswith(", resilinet+") else "vanilla"
        replicas = int(name.split()[1]) if name.endswith("replicas") else 1
        nodes = holders if name.startswith("all on") else set(networks[trained]["nodes"])
        tables = [by_nodes_down(run["evaluation"]["patterns"], key) for run in runs[trained]]
        settings = networks[trained]["reliability"]
        failable = [node for node in networks[trained]["nodes"] if node in nodes and any(node in up for up in settings.values())]
        for p, summary in strategy["at"].items():
            expected = summarize([visit(table, dict.fromkeys(failable, float(p)), replicas) for table in tables])
            for part in ("mean", "deviation", "low", "high"):
                near(summary[part], getattr(expected, part), f"{name}, p = {p}, {part}")
        for setting, up in settings.items():
            expected = [visit(table, {node: up.get(node, 1) for node in failable}, replicas) for table in tables]
            near(strategy["summary"][setting]["mean"], statistics.mean(expected), f"{name}, {setting}")
            if name in runs:  # the evaluator says so too
                near(statistics.mean(run["evaluation"][f"expected_{key}"][setting] for run in runs[name]), statistics.mean(expected), f"{name}, {setting}, evaluator")
        near(strategy["curve"][0][0], strategy["at"]["0.5"]["mean"], f"{name}, the curve's begin", 1e-6)
        near(strategy["curve"][-1][0], strategy["at"]["0.9999"]["mean"], f"{name}, the curve's end", 1e-6)
    kept = {name: statistics.mean(run["history"]["validation_accuracy"][run["history"]["best_epoch"] - 1] for run in runs[name]) for name in runs if name.endswith("alone")}
    assert kept[baselines["alone"]] == max(kept.values()), kept


if sys.argv[2:]:
    judge_experiment(pathlib.Path(sys.argv[2]))
else:
    judge_toys()
print("as computed here")
