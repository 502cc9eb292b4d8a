"""Checks the search of `rnet place --data` on sets whose worth is known. place_search.py TOOLS"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import itertools
import math
import random
import sys

sys.path.insert(0, sys.argv[1])
from placing.search import Budget, Candidate, Search  # noqa: E402


def names(chosen):
    return [candidate.name for candidate in chosen]


def best_of_all(candidates, budget, worth):
    sets = (chosen for count in range(len(candidates) + 1) for chosen in itertools.combinations(candidates, count))
    return max(worth(frozenset(names(chosen))) for chosen in sets if budget.allows(chosen))


def coverage():
    """Each candidate covers some of forty things of different worth: a set is worth what it covers, so that gains only shrink."""
    optimal, problems, measured, plain = 0, 60, 0, 0
    for seed in range(problems):
        draw = random.Random(seed)
        value = [draw.random() for _ in range(40)]
        candidates = [Candidate(f"c{k}", f"n{k % 3}", draw.randint(1, 30)) for k in range(10)]
        covered = {each.name: draw.sample(range(40), draw.randint(2, 12)) for each in candidates}
        worth = lambda chosen: sum(value[k] for k in {k for name in chosen for k in covered[name]})  # noqa: E731
        budget = Budget(bytes=40) if seed % 2 else Budget(count=4)
        search = Search(candidates, budget, worth)
        chosen = search.run()
        assert budget.allows(chosen) and len(set(chosen)) == len(chosen)
        found, best = worth(frozenset(names(chosen))), best_of_all(candidates, budget, worth)
        assert budget.bytes or found >= (1 - 1 / math.e) * best
        optimal += found > best - 1e-9
        # Each adds the most to those before it.
        for k, candidate in enumerate(chosen):
            assert all(worth(frozenset(names(chosen[:k] + [candidate]))) >= worth(frozenset(names(chosen[:k] + [other]))) for other in chosen[k:])
    assert optimal > problems * 0.7, optimal
    print(f"greedy choice is at least 1 - 1/e of the best of all sets in {problems} problems of coverage, and the best itself in {optimal}")
    draw = random.Random(0)
    candidates = [Candidate(f"c{k}", "n", 1) for k in range(40)]
    covered = {each.name: draw.sample(range(400), draw.randint(2, 40)) for each in candidates}
    search = Search(candidates, Budget(count=8), lambda chosen: len({k for name in chosen for k in covered[name]}))
    assert len(search.run()) == 8
    assert search.measured < 2 / 3 * sum(40 - k for k in range(8)), search.measured
    print("fewer than two thirds of the sets are measured that plain greedy choice measures without exchanges")


def special():
    def search(costs, worth, budget, senders="nnnnnn"):
        candidates = [Candidate(name, sender, cost) for (name, cost), sender in zip(costs.items(), senders)]
        return names(Search(candidates, budget, lambda chosen: worth.get("".join(sorted(chosen)), 0)).run())

    # a is best alone, b and c together.
    worth = {"a": 5, "b": 4, "c": 4, "ab": 6, "ac": 6, "bc": 8}
    assert search({"a": 1, "b": 1, "c": 1}, worth, Budget(count=2)) == ["b", "c"]
    print("an exchange finds what greedy choice misses")
    assert search({"a": 1, "b": 10}, {"a": 2, "b": 9, "ab": 11}, Budget(bytes=10)) == ["b"]
    assert search({"a": 1, "b": 10}, {"a": 2, "b": 9, "ab": 11}, Budget(bytes=11)) == ["b", "a"]
    assert search({"a": 1, "b": 10}, {"a": 2, "b": 9, "ab": 11}, Budget(bytes=11, count=1)) == ["b"]
    print("bytes: what is dear and good is not given up for what is cheap")
    worth = {"a": 3, "b": 2, "c": 1, "ab": 5, "ac": 4, "bc": 3, "abc": 6}
    assert search({"a": 4, "b": 4, "c": 4}, worth, Budget(count=3, may_send={"m": 4}), senders="mmn") == ["a", "c"]
    print("what a node may send holds")
    assert search({"a": 1, "b": 1}, {"": 1, "a": 1, "b": 0.5, "ab": 0.9}, Budget(count=2)) == []
    print("nothing gains: nothing is chosen")
    assert search({"a": 2, "b": 1, "c": 1}, {"a": 1, "b": 1, "c": 1, "ab": 1, "ac": 1, "bc": 1}, Budget(count=2)) == ["b"]
    print("equals: fewer bytes, then the order")


coverage()
special()
