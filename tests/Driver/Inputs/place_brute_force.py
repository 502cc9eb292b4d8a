"""Makes a spec of twelve nodes and looks at every set of skips within a budget of bytes, by itself; says whether `rnet place` found the
best, and whether `rnet analyze` finds in what it wrote the flow that it promised.

    place_brute_force.py RNET FOLDER SEED BYTES
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import itertools
import json
import pathlib
import random
import subprocess
import sys

import numpy

NODES = 12


def make(generator):
    """Text of a chain over twelve nodes, their widths, layers and reliabilities. Few widths: many pairs need a projection."""
    widths = [generator.choice((8, 24, 60)) for _ in range(NODES)]
    layers = [generator.randint(1, 3) for _ in range(NODES)]
    up = [1] + [generator.choice((0.7, 0.8, 0.85, 0.95)) for _ in range(NODES - 2)] + [1]
    lines = ["network chain {", "  input x: f32[16] at n0", "  output y: class[4] at n11", ""]
    for k in range(NODES):
        last = "  dense(4, softmax)" if k == NODES - 1 else ""
        lines.append(f"  node n{k} {{ " + "  ".join([f"dense({widths[k]}, relu)"] * layers[k]) + last + " }")
    lines += ["", "  " + " -> ".join(f"n{k}" for k in range(NODES)), "  skip n0 -> n2" + project(widths, 0, 2)]
    entries = "  ".join(f"n{k}: {value}" for k, value in enumerate(up) if value < 1)
    lines += ["", "  reliability bad {", "    " + entries, "  }", "}", ""]
    layers[-1] += 1
    return "\n".join(lines), widths, layers, up


def project(widths, sender, receiver):
    """What a receiver adds is what the node before it in the chain sends."""
    return "" if widths[sender] == widths[receiver - 1] else f" project dense({widths[receiver - 1]})"


def worth(links, up, layers):
    """Flow and expected depth, all patterns at once: a column each."""
    failable = [k for k in range(NODES) if up[k] < 1]
    patterns = numpy.arange(1 << len(failable))
    probability = numpy.ones(len(patterns))
    depth = numpy.zeros((NODES, len(patterns)), int)
    for k in range(NODES):
        before = numpy.max([depth[a] for a, b in links if b == k], axis=0) if k else numpy.ones(len(patterns), int)
        live = before > 0
        if k in failable:
            isup = (patterns >> failable.index(k) & 1).astype(bool)
            probability *= numpy.where(isup, up[k], 1 - up[k])
            live = live & isup
        depth[k] = numpy.where(live, before + layers[k], 0)
    found = depth[-1] > 0
    return round(probability[found].sum(), 10), round((probability * (depth[-1] - 1))[found].sum(), 8)


def sets(costs, budget, first=0):
    """Every set of candidates within the budget."""
    yield ()
    for k in range(first, len(costs)):
        if costs[k] <= budget:
            for rest in sets(costs, budget - costs[k], k + 1):
                yield (k, *rest)


def main():
    rnet, folder, seed, budget = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    text, widths, layers, up = make(random.Random(seed))
    spec = folder / f"chain-{seed}.rnet"
    spec.write_text(text)
    there = [(k, k + 1) for k in range(NODES - 1)] + [(0, 2)]
    pairs = [pair for pair in itertools.combinations(range(NODES), 2) if pair[1] - pair[0] > 1 and pair not in there]
    costs = [4 * min(widths[a], widths[b - 1]) for a, b in pairs]

    def key(chosen):
        return (*worth(there + [pairs[k] for k in chosen], up, layers), -sum(costs[k] for k in chosen), [-k for k in chosen])

    looked = list(sets(costs, budget))
    best = max(looked, key=key)
    found = json.loads(subprocess.run([rnet, "place", spec, "--setting", "bad", "--budget", f"bytes={budget}", "--json", "--write",
                                       "-W", "single-point-of-failure"], check=True, stdout=subprocess.PIPE).stdout)
    assert found["exact"]
    assert [(item["from"], item["to"], item["bytes"]) for item in found["candidates"]] == \
        [(f"n{a}", f"n{b}", cost) for (a, b), cost in zip(pairs, costs)]
    names = {(item["from"], item["to"]) for item in found["proposed"]}
    assert names == {(f"n{pairs[k][0]}", f"n{pairs[k][1]}") for k in best}, (names, [pairs[k] for k in best])
    flow, depth = key(best)[:2]
    promised = found["settings"]["bad"]
    assert abs(promised["flow_after"] - flow) < 1e-9 and abs(promised["depth_after"] - depth) < 1e-6
    analyzed = json.loads(subprocess.run([rnet, "analyze", spec, "--json", "-W", "single-point-of-failure"], check=True,
                                         stdout=subprocess.PIPE).stdout)
    assert analyzed["settings"]["bad"]["flow"] == promised["flow_after"]
    print(f"seed {seed}: the best of {len(looked)} sets, {len(best)} skips, after {found['sets']}")


main()
