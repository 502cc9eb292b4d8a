"""The report as one HTML page: what is said where, in which words. page.html has the markup, page.css the looks."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import hashlib
import pathlib
import shlex
import statistics

from reporting import plots
from reporting.baselines import COSTS, CROSSOVER, cost_cells, crossover_cells
from reporting.facts import expected_accuracy, probability
from reporting.topology import draw_topology
from shared.command import need_module
from shared.summary import summarize

HERE = pathlib.Path(__file__).resolve().parent
SCHEMES = {
    "vanilla": "no skip hyperconnections, no failout: the plain way to cut a network",
    "dfg": "skip hyperconnections, no failout (deepFogGuard)",
    "resilinet": "skip hyperconnections that stand in for absent inputs, trained with failout",
    "resilinet+": "skip hyperconnections that are added to what is present, trained with failout",
}


def percent(fraction, digits=1):
    return f"{100 * fraction:.{digits}f}"


def grouped(number):
    return f"{round(number):,}"


def short(number):
    """(text, prefix of the unit): as many digits as fit where there is little room."""
    if number < 1_000_000:
        return grouped(number), ""
    return (f"{number / 1e6:.1f}", "M") if number < 1e9 else (f"{number / 1e9:.1f}", "G")


class Page:
    """Makes what page.html asks for out of facts.Facts."""

    def __init__(self, facts):
        self.facts = facts
        self.network = facts.network
        self.described = facts.network.description
        analysis = facts.network.analysis["settings"]
        # The mildest first, as specs have them.
        self.settings = sorted(facts.network.settings, key=lambda setting: -analysis[setting]["flow"])
        self.flows = {setting: analysis[setting] for setting in self.settings}
        self.single_points = facts.network.analysis["single_points"]
        scored = self.described["outputs"][0]
        self.answering = scored["node"]
        self.exits = scored.get("exits", [])  # nodes, in the order in which they answer
        balanced = any(training.balanced for training in facts.trainings) or any(
            experiment["measure"].startswith("balanced") for _, experiment in facts.experiments
        )
        self.measure = "balanced accuracy" if balanced else "accuracy"
        key = self.measure.replace(" ", "_")
        self.evaluated = [(name, [pattern | {"accuracy": pattern[key]} for pattern in patterns]) for name, patterns in self._evaluated(key)]
        guesses = [pattern["accuracy"] for _, patterns in self.evaluated for pattern in patterns if not pattern["flow"]]
        self.guess = guesses[0] if guesses else None

    def _evaluated(self, key):
        """(name, failure patterns with their `key`): of weights in the folder, else of the experiment's runs of this very network."""
        for training in self.facts.trainings:
            if training.patterns:
                yield training.name, training.patterns
        if any(training.patterns for training in self.facts.trainings):
            return
        for _, experiment in self.facts.experiments:
            for variant in experiment["variants"]:
                if variant["name"] == experiment["base"] and variant["runs"]:
                    runs = [run["evaluation"]["patterns"] for run in variant["runs"]]
                    mean = [pattern | {key: statistics.mean(run[k][key] for run in runs)} for k, pattern in enumerate(runs[0])]
                    yield f"{variant['name']}, mean of {len(runs)} run{'s' * (len(runs) > 1)}", mean
                    return

    def tiles(self):
        """(value, unit, what it is): the figures to know first."""
        if self.evaluated:
            patterns = self.evaluated[0][1]
            yield percent(next(pattern["accuracy"] for pattern in patterns if not pattern["down"])), "%", f"{self.measure} with all nodes up"
            if self.settings:
                worst = self.settings[-1]
                yield percent(expected_accuracy(patterns, self.network.settings[worst])), "%", f"expected {self.measure}, {worst}"
        if self.settings:
            yield percent(self.flows[self.settings[-1]]["flow"]), "%", f"information flow, {self.settings[-1]}"
        yield str(len(self.single_points)), "", "single point of failure" if len(self.single_points) == 1 else "single points of failure"
        costs = self.described["costs"].values()
        yield *short(sum(cost["parameters"] for cost in costs)), "parameters"
        sent, prefix = short(sum(cost["sent_bytes"] for cost in costs))
        yield sent, f"{prefix}B", "sent between nodes an inference"

    def topology(self):
        return draw_topology(self.network.dot, self.single_points)

    def nodes(self):
        for node in self.described["nodes"]:
            yield {
                "name": node,
                "state": "single point of failure" if node in self.single_points else "can fail" if node in self.network.failable else "never fails",
                "up": [self.network.settings[setting].get(node) for setting in self.settings],
                "lost": [self.flows[setting].get("lost_with_node", {}).get(node) for setting in self.settings],
                "cost": self.described["costs"][node],
            }

    @property
    def only_nodes_fail(self):
        return "links" not in self.described and "groups" not in self.described

    def causes(self):
        """What may fail: nodes, then links and groups."""
        yield from self.nodes()
        for kind in ("link", "group"):
            for cause in self.described.get(f"{kind}s", []):
                name = cause["name"]
                up = [self.network.settings[setting].get(name) for setting in self.settings]
                yield {
                    "name": f"{kind} {name}",
                    "state": "single point of failure" if name in self.single_points else "never fails" if up.count(None) == len(up) else "can fail",
                    "up": up,
                    "lost": [self.flows[setting].get(f"lost_with_{kind}", {}).get(name) for setting in self.settings],
                }

    def hyperconnections(self):
        for connection in self.described["hyperconnections"]:
            yield connection | {
                "lost": [self.flows[setting].get("lost_with_hyperconnection", {}).get(connection["name"]) for setting in self.settings]
            }

    def limit(self, setting):
        """What accuracy no training can pass but by luck: always right where information flows, a guess elsewhere."""
        flow = self.flows[setting]["flow"]
        return flow + (1 - flow) * (self.guess or 0)

    def settings_plot(self):
        """Nothing where the spec has no reliability settings."""
        if not self.settings:
            return None
        series = [
            (k, [100 * expected_accuracy(patterns, self.network.settings[setting]) for setting in self.settings])
            for k, (_, patterns) in enumerate(self.evaluated)
        ]
        return plots.settings(self.settings, [100 * self.limit(setting) for setting in self.settings], series)

    def expected(self):
        for setting in self.settings:
            yield {
                "name": setting,
                "flow": self.flows[setting],
                "limit": self.limit(setting),
                "expected": [expected_accuracy(patterns, self.network.settings[setting]) for _, patterns in self.evaluated],
            }

    def patterns(self):
        """For each evaluated network: its name, a plot, rows of a table, how many rows are left out."""
        for place, (name, patterns) in enumerate(self.evaluated):
            rows = [
                {
                    "down": " + ".join(pattern["down"]) or "none",
                    "count": len(pattern["down"]),
                    "flow": pattern["flow"],
                    "exit": pattern.get("exit"),  # the node of the one that answers, if one does
                    "accuracy": pattern["accuracy"],
                    "probability": [probability(pattern["down"], self.network.settings[setting]) for setting in self.settings],
                }
                for pattern in sorted(patterns, key=lambda pattern: len(pattern["down"]))
            ]
            drawn = [(row["down"], row["count"], plots.ANSWERED[row["flow"], row["exit"] is not None], 100 * row["accuracy"]) for row in rows]
            guess = None if self.guess is None else 100 * self.guess
            few = len(rows) <= plots.MOST_BARS
            shown = rows
            if not few:
                likely = sorted(rows, key=lambda row: -(row["probability"] or [-row["count"]])[-1])[: plots.MOST_BARS]
                shown = [row for row in rows if row in likely]
            yield {
                "name": name,
                "plot": (plots.pattern_accuracy if few else plots.pattern_cloud)(f"patterns{place}", drawn, guess, self.measure),
                "bars": few,
                "rows": shown,
                "left_out": len(rows) - len(shown),
            }

    def curves(self):
        """A plot, names in the order of their colours, rows of a table; nothing where no run kept its history."""
        runs = [(training.name, training.seed, training.history) for training in self.facts.trainings]
        if not runs:
            runs = [
                (variant["name"], run["seed"], run["history"])
                for _, experiment in self.facts.experiments[:1]
                for variant in experiment["variants"]
                for run in variant["runs"]
            ]
        runs = [run for run in runs if run[-1]["loss"]]
        if not runs:
            return None
        names = list(dict.fromkeys(run[0] for run in runs))
        return {
            "plot": plots.training_curves([(names.index(name), history) for name, _, history in runs]),
            "names": names,
            "runs": [
                {
                    "name": name,
                    "seed": seed,
                    "epochs": len(history["loss"]),
                    "best": history["best_epoch"],
                    "loss": history["loss"][-1],
                    "accuracy": history["validation_accuracy"][history["best_epoch"] - 1] if history["best_epoch"] else None,
                }
                for name, seed, history in runs
            ],
        }

    def experiments(self):
        for place, (folder, experiment) in enumerate(self.facts.experiments):
            quantities = experiment["quantities"]
            summaries = [[summarize(variant["values"][quantity]) for quantity in quantities] for variant in experiment["variants"]]
            yield {
                "study": experiment["study"],
                "about": experiment["about"],
                "measure": experiment["measure"],
                "seeds": experiment["seeds"],
                "variants": [variant["name"] for variant in experiment["variants"]],
                "quantities": quantities,
                "summaries": summaries,
                "baselines": self._baselines(place, experiment) if "baselines" in experiment else None,
                "plot": plots.comparison(
                    f"study{place}",
                    [variant["name"] for variant in experiment["variants"]],
                    [(quantity, [row[k].scaled(100) for row in summaries]) for k, quantity in enumerate(quantities)],
                ),
            }

    def _baselines(self, place, experiment):
        """Of an experiment that compares strategies: a plot, heads and rows of tables, and what the words need to know."""
        found = experiment["baselines"]
        return {
            "plot": plots.strategies(f"strategies{place}", found, experiment["measure"]),
            "heads": [*COSTS, *(f"p = {p}" for p in found["strategies"][0]["at"])],
            "strategies": [
                (each["name"], [*cost_cells(each["costs"]), *(percent(at["mean"], 2) for at in each["at"].values())]) for each in found["strategies"]
            ],
            "crossover_heads": CROSSOVER,
            "crossovers": [(each["below"], each["above"], crossover_cells(each)) for each in found["crossovers"]],
            "failable": found["failable"],
            "alone": found["alone"],
            "private": found["private"],
        }

    def build_command(self):
        return " ".join(["rnet build", shlex.quote(self.described["spec"]), *map(shlex.quote, self.network.build_flags()), "-o DIR"])

    def train_commands(self):
        """(weights, [command...], {fact: value}) of each training."""
        for training in self.facts.trainings:
            data = "--train TRAIN --validation VALIDATION" if training.split["kind"] == "files" else "--data DATA"
            words = [f"DIR/bin/{self.network.name}-train", data, f"--seed {training.seed}"]
            if training.split["kind"] in ("random", "contiguous"):
                words += [f"--split {training.split['kind']}"]
            if training.split["kind"] == "random":
                words += [f"--split-seed {training.split['seed']}"]
            words += [f"--input {shlex.quote(given)}" for given in training.split["inputs"]]
            words += [f"--{option} {shlex.quote(training.split[key])}" for option, key in (("label", "label"), ("split-by", "by")) if training.split[key]]
            words += ["--resize"] * training.split["resize"]
            settings = training.settings
            if settings:
                words += [f"--{option} {settings[option.replace('-', '_')]}" for option in ("epochs", "batch", "rate", "weight-decay", "class-weights")]
                words += self._failout_flags(settings["failout"])
                words += [f"--init {shlex.quote(settings['init'])}"] if settings["init"] else []
            words += ["--element f64"] if training.element == "f64" else []
            evaluate = f"DIR/bin/{self.network.name}-evaluate {'--test TEST' if training.split['kind'] == 'files' else '--data DATA'} --weights DIR/{training.name}"
            facts = {"SHA-256 of the data": training.data_sha256, "SHA-256 of the weights' tensors": training.sha256}
            facts |= {key.replace("_", " "): value for key, value in settings.items() if value != ""}
            if "failout" in facts:
                facts["failout"] = ", ".join(f"{cause} {rate:g}" for cause, rate in zip(self.network.causes, settings["failout"]) if rate)
            yield training.name, [" ".join([*words, f"--out DIR/{training.name}"]), evaluate], facts

    def _failout_flags(self, rates):
        """As the command line says them; nothing where it cannot, or need not."""
        rates = dict(zip(self.network.causes, rates))
        failing = {rates[node] for node in self.network.failable}
        if not self.described["scheme"].startswith("resilinet") or not failing:
            return []
        for setting, causes in self.network.settings.items():
            if all(abs(rate - (1 - causes.get(cause, 1))) < 1e-12 for cause, rate in rates.items()):
                return [f"--failout-as {setting}"]
        return [f"--failout {failing.pop():g}"] if len(failing) == 1 else []

    def spec(self):
        for file, text in self.network.spec:
            yield file, text, hashlib.sha256(text.encode()).hexdigest()


def render(facts):
    """The page's text: the same bytes for the same facts."""
    jinja2 = need_module("jinja2", "python3-jinja2")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters |= {"percent": percent, "grouped": grouped}
    page = Page(facts)
    return environment.get_template("page.html").render(
        page=page, network=facts.network, described=page.described, settings=page.settings, scheme=SCHEMES[page.described["scheme"]],
        css=(HERE / "page.css").read_text(), colours=len(plots.SERIES),
    )
