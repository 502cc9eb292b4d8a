"""The choice with data: asks rnet for the candidates, trains networks with all of them, and searches by what these answer."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses
import json
import pathlib
import statistics
import sys

from placing.search import Budget, Candidate, Search
from placing.supernet import Supernets
from shared.command import Failure, call_rnet

MOST_HYPERCONNECTIONS = 64  # that the evaluator can tell apart


@dataclasses.dataclass
class Question:
    spec: pathlib.Path
    scheme: str
    setting: str
    budget: str  # as rnet place takes it
    data: pathlib.Path
    folder: pathlib.Path  # all that is made goes below it
    train: list  # flags of NET-train
    seeds: list  # one network is trained for each
    threads: int
    samples: int | None = None  # of failure patterns; none: as NET-evaluate does


@dataclasses.dataclass
class Choice:
    names: list  # of the chosen; each adds the most to those before it
    worths: list  # of the network as it is, then with each: [of each training]
    balanced: bool  # classes count the same
    rows: int  # of validation
    random_split: bool  # another split seed would have given other ones
    candidates: int
    measured: int  # sets
    omitted: list  # candidates that there was no room for

    @property
    def means(self):
        return [statistics.mean(each) for each in self.worths]


def choose(question):
    """Prints on standard error how far it is. What was made before, of the same, is not made again."""
    asked = json.loads(
        call_rnet("place", question.spec, "--json", f"--scheme={question.scheme}", f"--setting={question.setting}", f"--budget={question.budget}")
    )
    budget = Budget(asked["budget"].get("bytes"), asked["budget"].get("count"), asked["may_send"])
    network = json.loads(call_rnet("emit", question.spec, "--as=json", f"--scheme={question.scheme}"))
    listed, omitted = _make_room(asked["candidates"], budget, MOST_HYPERCONNECTIONS - len(network["hyperconnections"]))
    candidates = [Candidate(_name(each), each["from"], each["bytes"]) for each in listed]
    supernets = Supernets(question.spec, question.scheme, listed, question.folder, question.data, question.train, question.threads)
    print(f"building a network with all {len(candidates)} candidates", file=sys.stderr, flush=True)
    supernets.build()
    supernets.train(question.seeds, _affordable(candidates, budget))
    worths = {}

    def worth(chosen):
        worths[chosen] = supernets.measure(question.setting, question.samples, chosen)
        mean = statistics.mean(worths[chosen])
        print(f"set {len(worths)}: {mean:.4f} with {', '.join(sorted(chosen)) or 'none'}", file=sys.stderr, flush=True)
        return mean

    search = Search(candidates, budget, worth)
    chosen = search.run()
    steps = [frozenset(each.name for each in chosen[:count]) for count in range(len(chosen) + 1)]
    return Choice(
        [each.name for each in chosen],
        [worths[step] for step in steps],
        supernets.balanced,
        supernets.rows,
        supernets.random_split,
        len(candidates),
        search.measured,
        omitted,
    )


def _name(candidate):
    return f"{candidate['from']}_to_{candidate['to']}"


def _make_room(listed, budget, room):
    """The candidates that can be chosen by themselves; the cheapest of them where there is not room for all. And those left out for that."""
    listed = [each for each in listed if budget.allows([Candidate(_name(each), each["from"], each["bytes"])])]
    if room < 1:
        raise Failure(f"the network has no room for a candidate: {MOST_HYPERCONNECTIONS} hyperconnections are the most that can be measured")
    cheapest = sorted(listed, key=lambda each: each["bytes"])[:room]
    return [each for each in listed if each in cheapest], [_name(each) for each in listed if each not in cheapest]


def _affordable(candidates, budget):
    """How many candidates there may be, about."""
    mean = statistics.mean(each.bytes for each in candidates)
    return min(budget.count or len(candidates), budget.bytes / mean if budget.bytes else len(candidates))
