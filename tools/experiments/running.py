"""Builds the variants of a study and trains and evaluates each for every seed. Finished runs are kept, by all that decides them."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses
import hashlib
import json
import pathlib
import re

from experiments.progress import Progress
from shared.command import Failure, call_rnet, rnet_path, write_text
from shared.runs import call, digest, digest_data, kept, run_all
from shared.weights import read_header


@dataclasses.dataclass
class Plan:
    spec: pathlib.Path
    network: str  # its name
    variants: list
    seeds: range
    data: pathlib.Path
    work: pathlib.Path  # all that is made goes below it
    train: list  # flags of NET-train for every run
    jobs: int
    version: str  # of rnet


def run_plan(plan):
    """{(variant's place, seed): {"evaluation", "history", "settings"}}, and the hash of the data."""
    _build_all(plan)
    data = digest_data(plan.data)
    tasks = [(place, seed) for seed in plan.seeds for place in range(len(plan.variants))]
    jobs = min(plan.jobs, len(tasks))
    threads = max(1, plan.jobs // jobs)
    with Progress(len(tasks)) as progress:
        return run_all(jobs, {task: (_run, plan, progress, data, threads, *task) for task in tasks}), data


def _build_all(plan):
    folders = {}
    for variant in plan.variants:
        for seed in plan.seeds if variant.differs else plan.seeds[:1]:
            folders.setdefault(variant.folder(seed), (variant, variant.build_flags(seed)))
    progress = Progress(len(folders))
    logs = plan.work / "builds"
    logs.mkdir(parents=True, exist_ok=True)
    specs = _write_specs(plan, {folder: variant for folder, (variant, _) in folders.items() if variant.spec})
    for place, (folder, (variant, flags)) in enumerate(folders.items(), 1):
        spec = specs.get(folder, plan.spec)
        progress.say(f"building {place}/{len(folders)}: rnet build {spec.name} {' '.join(flags)}")
        try:
            call(logs / f"{folder}.log", rnet_path(), "build", spec, "-o", logs / folder, "--march=native", "--jobs", plan.jobs, *flags)
        except RuntimeError as error:
            raise Failure(f"variant '{variant.name}': {error}\n(all of it is in {logs / folder}.log)") from None


def _write_specs(plan, variants):
    """{folder: file} of variants that have a spec of their own. Mistakes in it are found before anything is built."""
    specs = {folder: plan.work / f"specs/{folder}.rnet" for folder in variants}
    for folder, spec in specs.items():
        spec.parent.mkdir(exist_ok=True)
        write_text(spec, variants[folder].spec)
        call_rnet("check", spec, f"--scheme={variants[folder].scheme}")
    return specs


def _for_inputs(flags, inputs):
    """Flags of NET-train without the selections, `--input NAME=...`, of inputs that are not among `inputs`; nothing: all of them."""
    left, words = list(flags), []
    while left:
        option = [left.pop(0)]
        if option == ["--input"] and left:
            option.append(left.pop(0))
        selected = re.match(r"--input[ =](\w+)=", " ".join(option))
        if inputs is None or not selected or selected[1] in inputs:
            words += option
    return words


def _run(plan, progress, data, threads, place, seed):
    variant = plan.variants[place]
    name = f"{variant.name}, seed {seed}"
    built = plan.work / "builds" / variant.folder(seed)
    programs = [built / f"bin/{plan.network}-{program}" for program in ("train", "evaluate")]
    flags = [*_for_inputs(plan.train, variant.inputs), *variant.train, "--seed", str(seed), "--split-seed", str(seed)]
    made_from = {
        "spec": digest(*sorted((built / "spec").rglob("*.rnet"))),
        "build": variant.build_flags(seed),
        "programs": digest(*programs),  # and so the version of rnet, and the compiler's
        "rnet": plan.version,
        "data": data,
        "train": flags,
    }
    # Named by what it is made from: a checkpoint that lies there is of this very run.
    key = hashlib.sha256(json.dumps(made_from, sort_keys=True).encode()).hexdigest()[:12]
    folder = plan.work / "runs" / f"{re.sub(r'[^A-Za-z0-9.+]+', '-', variant.name).strip('-')}-seed{seed}-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    weights, result, log = folder / "weights.safetensors", folder / "evaluation.json", folder / "train.log"
    made = []

    def make():
        progress.start(name, log)
        resume = ["--resume"] if pathlib.Path(f"{weights}.checkpoint").exists() else []
        call(log, programs[0], "--data", plan.data, "--out", weights, "--threads", threads, *flags, *resume)
        call(folder / "evaluate.log", programs[1], "--data", plan.data, "--weights", weights, "--threads", threads, "--json", result)

    try:
        evaluation = kept(result, json.loads(json.dumps(made_from)), make, made.append)
        metadata = read_header(weights)["__metadata__"]
    except RuntimeError as error:
        raise Failure(f"variant '{name}': {error}\n(all of it is in {folder})") from None
    progress.finish(name, f"{100 * evaluation['accuracy']:.2f} % without failure", bool(made))
    return {
        "evaluation": evaluation,
        "history": json.loads(metadata["rnet.history"]),
        "settings": json.loads(metadata["rnet.settings"]),
        "weights": str(weights.relative_to(plan.work)),
    }
