"""What lies in a folder that `rnet report` is about: a built network, weights trained for it, experiments."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses
import hashlib
import json
import math
import pathlib

from shared.command import Failure, call_rnet
from shared.weights import read_header


@dataclasses.dataclass
class Network:
    """What `rnet build` left in a folder."""

    folder: pathlib.Path
    description: dict  # network.json
    spec: list  # (file, text): the spec first, then what it imports
    analysis: dict  # rnet analyze --json
    dot: str  # rnet emit --as=dot

    @property
    def name(self):
        return self.description["network"]

    @property
    def settings(self):
        """{reliability setting: {node, link or group: probability that it is up}}, of those that can fail."""
        return {
            setting: {cause: value for cause, value in causes.items() if value < 1}
            for setting, causes in self.description["reliability"].items()
        }

    @property
    def failable(self):
        """Nodes that may be down in some setting, in the order of the network."""
        return [node for node in self.description["nodes"] if any(self.survival(setting, node) < 1 for setting in self.settings)]

    @property
    def causes(self):
        """What may fail by itself, and nodes that do not: nodes, then links and groups that may."""
        others = [each["name"] for kind in ("links", "groups") for each in self.description.get(kind, [])]
        named = {cause for causes in self.description["reliability"].values() for cause in causes}
        return [*self.description["nodes"], *(cause for cause in others if cause in named)]

    def survival(self, setting, node):
        """The probability that a node is up, by itself and with its groups."""
        groups = [group["name"] for group in self.description.get("groups", []) if node in group["members"]]
        return math.prod(self.settings[setting].get(cause, 1) for cause in (node, *groups))

    def build_flags(self):
        """What `rnet build` was told beside the spec and the folder."""
        flags = [f"--scheme={self.description['scheme']}"]
        flags += [f"--without={name}" for name in self.description["without"]]
        return flags + [f"--weigh={name}={weight}" for name, weight in self.description["weights"].items()]


@dataclasses.dataclass
class Training:
    """One weights file, and what its metadata and its accuracy table say."""

    name: str
    sha256: str  # of the tensors
    data_sha256: str
    seed: str
    element: str
    split: dict
    settings: dict  # of the run: optimizer, rate, batch...; empty in files of an older rnet
    history: dict  # loss, validation_accuracy: one number (or none) an epoch; best_epoch
    patterns: list  # of the evaluator, empty where it did not run: down, flow, accuracy, balanced_accuracy

    @property
    def balanced(self):
        """The recipe weighs classes: accuracy alone would flatter."""
        return self.settings.get("class_weights") == "balanced"


def read_json(path):
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise Failure(f"'{path}' is damaged: {error}") from None


def read_experiment(path):
    experiment = read_json(path)
    if experiment.get("schema") != 1 or not base_folder(experiment):
        raise Failure(f"'{path}' is damaged, or of another version of rnet")
    return experiment


def base_folder(experiment):
    """Where the variant is that is closest to the spec; nothing where there is none."""
    folders = [variant["folder"] for variant in experiment["variants"] if variant["name"] == experiment["base"]]
    return folders[0] if folders else None


def read_network(folder):
    description = read_json(folder / "network.json")
    if "spec" not in description:
        raise Failure(f"'{folder}' was built by an older rnet, which kept no spec: run rnet build again")
    main = folder / description["spec"]
    files = sorted(path for path in (folder / "spec").rglob("*.rnet") if path != main)
    network = Network(folder, description, [(path.relative_to(folder / "spec").as_posix(), path.read_text()) for path in (main, *files)], {}, "")
    network.analysis = json.loads(call_rnet("analyze", main, "--json", *network.build_flags()))
    network.dot = call_rnet("emit", main, "--as=dot", *network.build_flags())
    return network


def read_training(path, network):
    """Nothing where the file is of another network, scheme or topology."""
    try:
        metadata = read_header(path).get("__metadata__", {})
        if metadata.get("rnet.network") != network.name or metadata.get("rnet.scheme") != network.description["scheme"]:
            return None
        training = Training(
            name=path.name,
            sha256=metadata["rnet.data_sha256"],
            data_sha256=metadata["rnet.dataset_sha256"],
            seed=metadata["rnet.seed"],
            element=metadata["rnet.element"],
            split=json.loads(metadata["rnet.split"]),
            settings=json.loads(metadata.get("rnet.settings", "{}")),
            history=json.loads(metadata["rnet.history"]),
            patterns=[],
        )
    except (ValueError, KeyError, AttributeError):
        raise Failure(f"'{path}' is damaged, or no weights file of rnet") from None
    accuracies = path.with_suffix(".accuracy.json")
    if accuracies.exists():
        table = read_json(accuracies)
        if table.get("weights_sha256") == training.sha256:  # else of weights that are no more
            training.patterns = table["patterns"]
    return training


def expected_accuracy(patterns, reliability):
    """The mean accuracy over all failure patterns, by their probability; `reliability` of what can fail."""
    return sum(pattern["accuracy"] * probability(pattern["down"], reliability) for pattern in patterns)


def probability(down, reliability):
    """That just these have failed."""
    product = 1.0
    for node in down:
        if node not in reliability:
            return 0.0
    for node, up in reliability.items():
        product *= 1 - up if node in down else up
    return product


def file_sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


@dataclasses.dataclass
class Facts:
    folder: pathlib.Path
    network: Network
    trainings: list  # of Training
    experiments: list  # (folder, experiment.json), by folder


def gather(folder):
    """All that is known of a folder; a Failure where that is nothing."""
    folder = pathlib.Path(folder)
    if not folder.is_dir():
        raise Failure(f"'{folder}' is no folder")
    found = [folder / "experiment.json", *sorted(folder.glob("*/experiment.json"))]
    experiments = [(path.parent, read_experiment(path)) for path in found if path.exists()]
    home = folder
    if not (folder / "network.json").exists():
        if not experiments:
            raise Failure(f"'{folder}' holds neither a built network nor an experiment: run rnet build or rnet experiment first")
        first, experiment = experiments[0]
        home = first / base_folder(experiment)
        if not (home / "network.json").exists():
            raise Failure(f"'{home}', the network of the experiment, is gone: run rnet experiment again")
    network = read_network(home)
    experiments = [(path, data) for path, data in experiments if data["network"] == network.name]
    trainings = [read_training(path, network) for path in sorted(folder.glob("*.safetensors"))]
    return Facts(folder, network, [training for training in trainings if training], experiments)
