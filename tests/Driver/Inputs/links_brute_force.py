"""`rnet analyze` of random networks with links and groups against all combinations of failures: links_brute_force.py RNET FOLDER"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import itertools
import json
import pathlib
import random
import subprocess
import sys

TRIALS = 20


def make(rng):
    """Nodes in a chain with skips, links that join them all, groups; and a probability for some of each."""
    nodes = [f"n{k}" for k in range(rng.randint(3, 6))]
    pairs = list(zip(nodes, nodes[1:]))
    skips = [pair for pair in itertools.combinations(nodes, 2) if pair not in pairs and rng.random() < 0.5]
    links = {}
    for k, pair in enumerate(pairs):  # some way there is
        links[f"l{k}"] = list(pair) if rng.random() < 0.85 else rng.sample(nodes, len(nodes))
    for k in range(rng.randint(0, 2)):
        links[f"m{k}"] = rng.sample(nodes, rng.randint(2, 3))
    links = dict(rng.sample(list(links.items()), len(links)))
    groups = {f"g{k}": rng.sample([*nodes[1:], *links], rng.randint(1, 3)) for k in range(rng.randint(0, 2))}
    causes = rng.sample([*nodes, *links, *groups], min(9, len(nodes) + len(links) + len(groups)))
    return nodes, pairs, skips, links, groups, {cause: round(rng.uniform(0.3, 1), 3) for cause in causes}


def spell(nodes, pairs, skips, links, groups, up):
    lines = [f"network n {{ input x: f32[4] at {nodes[0]}  output y: class[4] at {nodes[-1]}"]
    lines += [f"node {node}" for node in nodes[:-1]] + [f"node {nodes[-1]} {{ softmax }}"]
    lines += [f"{a} -> {b}" for a, b in pairs] + [f"skip {a} -> {b} for {nodes[nodes.index(b) - 1]}" for a, b in skips]
    lines += [f"link {name}: {', '.join(members)}" for name, members in links.items()]
    lines += [f"group {name}: {', '.join(members)}" for name, members in groups.items()]
    lines += ["reliability r { " + "  ".join(f"{name}: {value}" for name, value in up.items()) + " }", "}"]
    return "\n".join(lines)


def route(start, end, links):
    """Of all ways without a node twice: the fewest links, then the earliest choices."""
    best = None

    def go(node, seen, way, key):
        nonlocal best
        if node == end:
            if best is None or (len(way), key) < best[0]:
                best = ((len(way), key), way)
            return
        for number, (link, members) in enumerate(links.items()):
            for place, other in enumerate(members):
                if node in members and other not in seen:
                    go(other, seen | {other}, way + [(link, other)], key + [(number, place)])

    go(start, {start}, [], [])
    return [link for link, _ in best[1]], [node for _, node in best[1][:-1]]


def flow(nodes, connections, routes, groups, up, failed=()):
    """The probability that the last node is live; `failed` has failed for sure."""
    total = 0.0
    causes = list(up)
    for bits in itertools.product((False, True), repeat=len(causes)):
        probability, down = 1.0, set()
        for cause, isdown in zip(causes, bits):
            chance = 0.0 if cause in failed else up[cause]
            probability *= 1 - chance if isdown else chance
            if isdown:
                down |= {cause, *groups.get(cause, ())}
        live = set()
        for node in nodes:
            fed = node == nodes[0] or any(
                b == node and a in live and not down.intersection(itertools.chain(*routes[a, b])) for a, b in connections
            )
            if node not in down and fed:
                live.add(node)
        total += probability if nodes[-1] in live else 0.0
    return total


def main(rnet, folder):
    folder.mkdir(parents=True)
    rng, relayed = random.Random(1), 0
    for trial in range(TRIALS):
        nodes, pairs, skips, links, groups, up = made = make(rng)
        spec = folder / f"{trial}.rnet"
        spec.write_text(spell(*made))
        done = subprocess.run([rnet, "analyze", "--json", spec], capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        routes = {pair: route(*pair, links) for pair in pairs + skips}
        relayed += sum(bool(relays) for _, relays in routes.values())
        setting = found["settings"]["r"]
        whole = flow(nodes, pairs + skips, routes, groups, up)
        assert abs(setting["flow"] - whole) < 1e-12, (spec, setting["flow"], whole)
        lost = {**setting["lost_with_node"], **setting["lost_with_link"], **setting.get("lost_with_group", {})}
        assert set(lost) == {cause for cause in up if up[cause] < 1}, (spec, lost)
        for cause, value in lost.items():
            expected = whole - flow(nodes, pairs + skips, routes, groups, up, {cause})
            assert abs(value - expected) < 1e-12, (spec, cause, value, expected)
        for a, b in pairs + skips:
            others = [pair for pair in pairs + skips if pair != (a, b)]
            expected = whole - flow(nodes, others, routes, groups, up)
            value = setting["lost_with_hyperconnection"][f"{a}_to_{b}"]
            assert abs(value - expected) < 1e-12, (spec, a, b, value, expected)
    assert relayed > TRIALS
    print(f"{TRIALS} networks agree, {relayed} hyperconnections are relayed")


if __name__ == "__main__":
    main(sys.argv[1], pathlib.Path(sys.argv[2]))
