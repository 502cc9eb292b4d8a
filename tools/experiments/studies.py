"""The ablations: which variants of a spec each study compares."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses
import itertools
import json
import random
import re
import sys
from collections.abc import Callable

from experiments.alone import holders, inputs_at, read_recipe, write_spec
from experiments.baselines import failable_nodes
from placing.choice import Question, choose
from shared.command import Failure, call_rnet

SCHEMES = ("vanilla", "dfg", "resilinet", "resilinet+")
SURVIVAL = (0.95, 0.9, 0.7, 0.5)
MOST_SKIPS = 10  # or groups of them, whose subsets are 1,024 networks
SEEDS_OF_CHOICE = 1000  # times a seed: those of the networks by which rnet place --data chooses for it
MOST_FAILABLE = 16  # nodes of which the evaluator measures all failure patterns


@dataclasses.dataclass(frozen=True)
class Variant:
    """One way to build and to train."""

    name: str
    scheme: str
    build: tuple = ()  # flags of rnet build
    train: tuple = ()  # flags of NET-train
    draw: Callable | None = None  # more flags of rnet build, drawn anew for each seed: of a random.Random
    chosen: dict | None = None  # the same, {seed: flags}
    spec: str = ""  # the text of a spec of its own
    inputs: tuple | None = None  # the only ones that it has

    def build_flags(self, seed):
        """All flags of rnet build that decide what is built, for a seed."""
        drawn = self.draw(random.Random(f"{self.name} {seed}")) if self.draw else self.chosen[seed] if self.chosen else ()
        return (f"--scheme={self.scheme}", *self.build, *drawn)

    @property
    def differs(self):
        """Is what is built another for each seed?"""
        return self.draw is not None or len(set((self.chosen or {}).values())) > 1

    def folder(self, seed):
        """The name of a folder for what is built: variants that differ in training only share it."""
        if not self.build and not self.draw and not self.chosen and not self.spec:
            return self.scheme
        name = re.sub(r"[^A-Za-z0-9.+]+", "-", self.name).strip("-")
        return f"{name}-seed{seed}" if self.differs else name


@dataclasses.dataclass(frozen=True)
class Study:
    about: str  # a sentence or two for readers
    variants: list
    base: int  # the variant that is closest to the spec as it stands


def make_study(options, network):
    """Of the command's options; `network`: what `rnet emit --as=json` says of the spec under their scheme."""
    return STUDIES[options.study](options, network)


def _schemes(options, network):
    return Study(
        "The same topology, compiled in four ways: without skip hyperconnections (vanilla), with them (dfg), and trained with failout too (resilinet, resilinet+).",
        [Variant(each, each) for each in SCHEMES],
        SCHEMES.index(options.scheme),
    )


def _failout_rate(options, network):
    scheme = options.scheme
    if not scheme.startswith("resilinet"):
        raise Failure(f"scheme {scheme} trains without failout: --study failout-rate is for resilinet and resilinet+")
    variants = [Variant(f"survival {rate}", scheme, train=("--failout", f"{1 - rate:.6g}")) for rate in SURVIVAL]
    variants += [Variant(f"survival as {setting}", scheme, train=("--failout-as", setting)) for setting in _settings(network)]
    return Study(
        "In training, nodes are absent with a failout probability of 1 - survival: one for all nodes, or each as reliable as in a reliability setting.",
        variants,
        SURVIVAL.index(0.9),
    )


def _hyperconnection_weight(options, network):
    scheme, links = options.scheme, network["hyperconnections"]

    def weighed(name, weight):
        return Variant(name, scheme, build=tuple(f"--weigh={link['name']}={weight(link):.6g}" for link in links))

    variants = [weighed("1", lambda link: 1)]
    for setting in _settings(network):
        up = network["reliability"][setting]
        reliability = lambda link: up.get(link["from"], 1)  # noqa: E731
        total = lambda link: sum(reliability(other) for other in links if other["to"] == link["to"])  # noqa: E731
        variants.append(weighed(f"normalised reliability, {setting}", lambda link: reliability(link) / total(link)))
        variants.append(weighed(f"reliability, {setting}", reliability))

    def random_weights(end):
        return lambda draw: tuple(f"--weigh={link['name']}={draw.uniform(0, end):.6g}" for link in links)

    variants += [Variant(f"U(0, {end})", scheme, draw=random_weights(end)) for end in (1, 10)]
    return Study(
        "Fixed factors on what hyperconnections bring: 1; the reliability of the sender, or its share among the receiver's inputs; random ones, drawn for each seed.",
        variants,
        0,
    )


def _sensitivity(options, network):
    scheme = options.scheme
    groups = _stand_in_groups(network)
    if not groups:
        raise Failure(f"network '{network['network']}' has no skip hyperconnection under scheme {scheme}: there is nothing to switch off")
    if len(groups) > MOST_SKIPS:
        raise Failure(f"network '{network['network']}' has {len(groups)} skip hyperconnections or groups of them; subsets of at most {MOST_SKIPS} can be switched off")
    variants = []
    for count in range(len(groups) + 1):
        for chosen in itertools.combinations(groups, count):
            names = [" + ".join(group).replace("_to_", "→") for group in chosen]
            flags = tuple(f"--without={name}" for group in chosen for name in group)
            variants.append(Variant(f"without {', '.join(names)}" if chosen else "all skips", scheme, build=flags))
    return Study("Every subset of the skip hyperconnections is switched off; those that stand in for the same together.", variants, 0)


def _stand_in_groups(network):
    """The names of skips, those of one receiver that stand in for the same simple hyperconnections together."""
    groups = {}
    for link in network["hyperconnections"]:
        if link["kind"] == "skip":
            groups.setdefault((link["to"], *link["stands_for"]), []).append(link["name"])
    return list(groups.values())


def _placement(options, network):
    setting, most = options.setting or _settings(network)[-1], options.count
    asked = json.loads(
        call_rnet("place", options.spec, "--json", f"--scheme={options.scheme}", f"--setting={setting}", f"--budget=count={most}")
    )
    candidates, proposed = ({f"{item['from']}→{item['to']}": f"--with={item['skip']}" for item in asked[kind]} for kind in ("candidates", "proposed"))
    if not proposed:
        raise Failure(f"rnet place proposes nothing for '{network['network']}': no skip hyperconnection would help in '{setting}'")
    count = len(proposed)
    variants = [
        Variant("as it is", options.scheme),
        Variant("rnet place: " + ", ".join(proposed), options.scheme, build=tuple(proposed.values())),
    ]
    if count == 1:
        variants += [Variant(name, options.scheme, build=(flag,)) for name, flag in candidates.items() if name not in proposed]
    elif count < len(candidates):
        some = lambda draw: tuple(draw.sample(list(candidates.values()), count))  # noqa: E731
        variants.append(Variant(f"{count} at random", options.scheme, draw=some))
    beside = (
        "beside every other one that there could be" if count == 1
        else "beside as many at random, drawn for each seed" if count < len(candidates)
        else "which are all that there could be"
    )  # fmt: skip
    about = f"The skip hyperconnections that rnet place proposes for the setting {setting}, at most {most}, {beside}."
    if options.by == "data":
        variants.append(Variant("rnet place --data", options.scheme, chosen=_choose_with_data(options, setting, candidates)))
        about += " With data, they are chosen on the training and validation rows, from networks with other seeds; anew for each split."
    return Study(about, variants, 0)


def _choose_with_data(options, setting, candidates):
    """{seed: flags of rnet build}. Rows that test for a seed have no part in its choice."""
    flags = {}
    for seed in range(1, options.seeds + 1):
        others = [SEEDS_OF_CHOICE * seed + k for k in range(options.networks)]
        train = [*options.train, "--split-seed", str(seed)]
        question = Question(
            options.spec, options.scheme, setting, f"count={options.count}", options.data, options.work / "choices", train, others, options.jobs
        )
        choice = choose(question)
        names = [name.replace("_to_", "→") for name in choice.names]
        print(f"chosen with data for seed {seed}: {', '.join(names) or 'none'}", file=sys.stderr, flush=True)
        flags[seed] = tuple(candidates[name] for name in names)
        if not choice.random_split:  # all seeds have the same rows
            return dict.fromkeys(range(1, options.seeds + 1), flags[seed])
    return flags


def _baselines(options, network):
    _settings(network)
    failable = len(failable_nodes(network))
    if not failable:
        raise Failure(f"no node of network '{network['network']}' can fail: there is nothing to compare")
    if failable > MOST_FAILABLE:
        raise Failure(
            f"{failable} nodes of network '{network['network']}' can fail, so that its failure patterns are sampled; --study baselines "
            f"needs the accuracy of each, which is measured for at most {MOST_FAILABLE} nodes"
        )
    if not any(link["kind"] == "skip" for link in network["hyperconnections"]):
        raise Failure(f"network '{network['network']}' has no skip hyperconnection under scheme {options.scheme}: there is nothing to compare")
    recipe = read_recipe(options.spec)
    alone = [
        Variant(
            f"{node} alone",
            "vanilla",
            spec=write_spec(network, recipe, node, options.alone),
            inputs=tuple(given["name"] for given in inputs_at(network, node)),
        )
        for node in holders(network)
    ]
    return Study(
        "The network without skip hyperconnections and with them, and a small model on each machine that holds an input, of what it holds.",
        [Variant("vanilla", "vanilla"), Variant(options.scheme, options.scheme), *alone],
        1,
    )


def _settings(network):
    """Reliability settings, the mildest first."""
    if not network["reliability"]:
        raise Failure(f"network '{network['network']}' has no reliability setting: this study needs one")
    return sorted(network["reliability"], key=lambda setting: -sum(network["reliability"][setting].values()))


STUDIES = {
    "schemes": _schemes,
    "failout-rate": _failout_rate,
    "hyperconnection-weight": _hyperconnection_weight,
    "sensitivity": _sensitivity,
    "placement": _placement,
    "baselines": _baselines,
}
