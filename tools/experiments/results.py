"""What an experiment found: as data, as a table, as a plot."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses
import pathlib

from reporting import plots
from reporting.baselines import COSTS, CROSSOVER, cost_cells, crossover_cells
from shared.figures import standalone
from shared.runs import table
from shared.summary import Summary, summarize


MEASURES = {"accuracy": "accuracy", "balanced": "balanced accuracy"}  # flag: in words


def describe(plan, study_name, study, runs, data_digest, command, measure=None):
    """experiment.json, schema 1: all runs, and what they say together. Accuracies are fractions."""
    first = next(iter(runs.values()))
    if measure is None:  # where the recipe balances classes, accuracy alone would flatter
        measure = "balanced" if first["settings"].get("class_weights") == "balanced" else "accuracy"
    balanced = measure == "balanced"
    settings = sorted(first["evaluation"]["expected_accuracy"], key=lambda name: -_reliability(first["evaluation"], name))
    quantities = ["no failure", *settings]
    variants = []
    for place, variant in enumerate(study.variants):
        evaluations = [runs[place, seed]["evaluation"] for seed in plan.seeds]
        values = {"no failure": [each["balanced_accuracy" if balanced else "accuracy"] for each in evaluations]}
        values |= {
            setting: [each["expected_balanced_accuracy" if balanced else "expected_accuracy"][setting] for each in evaluations] for setting in settings
        }
        variants.append(
            {
                "name": variant.name,
                "folder": f"builds/{variant.folder(plan.seeds[0])}",
                "train": list(variant.train),
                "values": values,
                "summary": {name: dataclasses.asdict(summarize(each)) for name, each in values.items()},
                "runs": [{"seed": seed, "build": list(variant.build_flags(seed))} | runs[place, seed] for seed in plan.seeds],
            }
        )
    return {
        "schema": 1,
        "study": study_name,
        "about": study.about,
        "measure": MEASURES[measure],
        "network": plan.network,
        "rnet": plan.version,
        "command": command,
        "data": {"file": pathlib.Path(plan.data).name, "sha256": data_digest},
        "seeds": list(plan.seeds),
        "quantities": quantities,
        "base": variants[study.base]["name"],
        "variants": variants,
    }


def _reliability(evaluation, setting):
    """Greater, the milder a setting is: what it expects of the best answers."""
    return evaluation["expected_accuracy"][setting]


def write_table(experiment):
    """Markdown: mean ± deviation, and the 95 % interval of the mean, in percent."""
    if "baselines" in experiment:
        return _write_baselines(experiment)
    return _accuracies("variant", experiment["variants"], experiment["quantities"])


def _accuracies(head, rows, quantities):
    heads = [name if name == "no failure" else f"expected, {name}" for name in quantities]
    return table([(head, *heads), *((row["name"], *(str(Summary(**row["summary"][name])) for name in quantities)) for row in rows)], words=1)


def _write_baselines(experiment):
    """Three tables: what strategies cost and give over the reliability of nodes, under the reliability settings, where they overtake."""
    baselines, quantities = experiment["baselines"], experiment["quantities"]
    strategies = baselines["strategies"]
    rows = [("strategy", *COSTS, *(f"p = {p}" for p in strategies[0]["at"]))]
    rows += [(each["name"], *cost_cells(each["costs"]), *(f"{100 * at['mean']:.2f}" for at in each["at"].values())) for each in strategies]
    crossed = [("below", "above", *CROSSOVER)]
    crossed += [(each["below"], each["above"], *crossover_cells(each)) for each in baselines["crossovers"]]
    return "\n".join([table(rows, words=1), _accuracies("strategy", strategies, quantities), table(crossed, words=2)])


def draw(experiment):
    """An SVG file's text."""
    if "baselines" in experiment:
        return standalone(plots.strategies(experiment["study"], experiment["baselines"], experiment["measure"]))
    quantities = [
        (name, [summarize(variant["values"][name]).scaled(100) for variant in experiment["variants"]]) for name in experiment["quantities"]
    ]
    return standalone(plots.comparison(experiment["study"], [variant["name"] for variant in experiment["variants"]], quantities))
