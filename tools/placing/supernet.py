"""Networks with all candidates, trained once so that their weights make sense for every set of them, by which each set is measured."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import hashlib
import json
import pathlib

from experiments.progress import Progress
from shared.command import Failure, rnet_path, write_text
from shared.runs import call, digest, digest_data, kept, run_all
from shared.weights import read_header

FEWEST, MOST = 0.1, 0.5  # of the rows, that a candidate is there for in training


class Supernets:
    """Several trainings of one network. All that is made lies in a folder, by what it is made from, and serves again."""

    def __init__(self, spec, scheme, candidates, folder, data, train, threads):
        """`candidates`: as `rnet place --json` lists them. `train`: flags of NET-train for every training."""
        self._spec, self._scheme, self._folder = spec, scheme, folder
        self._data, self._train, self._threads = data, train, threads
        self._skips = {f"{each['from']}_to_{each['to']}": each["skip"] for each in candidates}
        self._networks = []  # folders of the trainings
        self.balanced = False  # classes count the same
        self.random_split = False
        self.rows = 0  # that validate

    def build(self):
        """Their programs. Budgets of nodes are for what is proposed, not for a network with everything."""
        flags = [f"--scheme={self._scheme}", "--no-budgets", *(f"--with={skip}" for skip in self._skips.values())]
        self._built = self._folder / "network"
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self._folder / "network.log"
        try:
            call(log, rnet_path(), "build", self._spec, "-o", self._built, "--march=native", "--jobs", self._threads, *flags)
        except RuntimeError as error:
            raise Failure(f"the network with all candidates: {error}\n(all of it is in {log})") from None
        self._name = json.loads((self._built / "network.json").read_text())["network"]
        programs = [self._built / f"bin/{self._name}-{program}" for program in ("train", "evaluate")]
        self._made_from = {
            "spec": digest(*sorted((self._built / "spec").rglob("*.rnet"))),
            "programs": digest(*programs),
            "data": digest_data(self._data),
            "build": flags,
        }

    def train(self, seeds, affordable):
        """One training for each seed. A candidate is there for as large a part of the rows as is `affordable` of them all, within limits."""
        often = 1 - min(MOST, max(FEWEST, affordable / len(self._skips)))
        cuts = [f"--cut={name}={often:.6g}" for name in self._skips]
        with Progress(len(seeds)) as progress:
            tasks = {seed: (self._train_one, progress, [*self._train, *cuts, "--seed", str(seed)], seed) for seed in seeds}
            self._networks = list(run_all(1, tasks).values())
        metadata = read_header(self._networks[0] / "weights.safetensors")["__metadata__"]
        self.balanced = json.loads(metadata["rnet.settings"])["class_weights"] == "balanced"
        self.random_split = json.loads(metadata["rnet.split"])["kind"] == "random"

    def _train_one(self, progress, flags, seed):
        made_from = self._made_from | {"train": flags}
        key = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:12]
        folder = self._folder / f"seed{seed}-{key}"
        folder.mkdir(exist_ok=True)
        weights, log = folder / "weights.safetensors", folder / "train.log"
        name, made = f"network with all {len(self._skips)} candidates, seed {seed}", []

        def make():
            progress.start(name, log)
            resume = ["--resume"] if pathlib.Path(f"{weights}.checkpoint").exists() else []
            self._call(log, "train", "--out", weights, *flags, *resume)
            (folder / "history.json").write_text(read_header(weights)["__metadata__"]["rnet.history"])

        history = kept(folder / "history.json", made_from, make, made.append)
        progress.finish(name, f"loss {history['loss'][-1]:.4f}" if history["loss"] else "not trained", bool(made))
        return folder

    def measure(self, setting, samples, chosen):
        """Of each training: what accuracy to expect in a setting, on the validation rows, where of all candidates only the names in
        `chosen` are there. The weights are the same for every set, and so are the rows and the failure patterns."""
        return list(run_all(1, {folder: (self._measure_one, folder, setting, samples, chosen) for folder in self._networks}).values())

    def _measure_one(self, folder, setting, samples, chosen):
        notes = folder / f"measured-{setting}{f'-{samples}' if samples else ''}.json"
        known = json.loads(notes.read_text()) if notes.exists() else {}
        key = " ".join(sorted(chosen))
        if key not in known:
            result = folder / "evaluation.json"
            cut = [name for name in self._skips if name not in chosen]
            flags = [*(["--cut", ",".join(cut)] if cut else []), *(["--samples", samples] if samples else [])]
            self._call(folder / "evaluate.log", "evaluate", "--weights", folder / "weights.safetensors", "--validation",
                       "--setting", setting, "--json", result, *flags)
            evaluation = json.loads(result.read_text())
            known[key] = {
                "accuracy": evaluation["expected_accuracy"][setting],
                "balanced": evaluation["expected_balanced_accuracy"][setting],
                "rows": evaluation["samples"],
            }
            write_text(notes, json.dumps(known, indent=0) + "\n")
        self.rows = known[key]["rows"]
        return known[key]["balanced" if self.balanced else "accuracy"]

    def _call(self, log, program, *flags):
        try:
            call(log, self._built / f"bin/{self._name}-{program}", "--data", self._data, "--threads", self._threads, *flags)
        except RuntimeError as error:
            raise Failure(f"{error}\n(all of it is in {log})") from None
