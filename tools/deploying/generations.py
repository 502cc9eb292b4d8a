"""Generations of weights in the folders of nodes, and the part of the requests that one takes. Nodes watch these folders."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses
import hashlib
import json
import pathlib
import shutil

from shared.command import Failure, write_text
from shared.weights import read_header

TRAFFIC = "traffic.json"


@dataclasses.dataclass(frozen=True)
class Generation:
    name: str  # as nodes and answers say it: how the SHA-256 of the data begins
    network: str
    scheme: str
    fingerprints: tuple  # of its parameters; of topology and scheme
    weights: pathlib.Path

    @property
    def table(self):
        """Of accuracies; it need not be there."""
        return self.weights.with_suffix(".accuracy.json")

    def check(self):
        """A Failure where the data or the table are not those of these weights."""
        with open(self.weights, "rb") as file:
            file.seek(8 + int.from_bytes(file.read(8), "little"))
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest[: len(self.name)] != self.name:
            raise Failure(f"'{self.weights}' is truncated or damaged: its data do not match their hash")
        if self.table.exists() and json.loads(self.table.read_text()).get("weights_sha256") != digest:
            raise Failure(f"'{self.table}' is of other weights: run the evaluator again")

    def copy_to(self, folder):
        """Whole or not at all; the table first, since nodes look for it when they see the weights."""
        for file, end in ((self.table, ".accuracy.json"), (self.weights, ".safetensors")):
            if file.exists():
                fresh = folder / f".{self.name}{end}"  # nodes do not look at it
                shutil.copyfile(file, fresh)
                fresh.rename(folder / f"{self.name}{end}")


def read_generation(weights):
    if not weights.is_file():
        raise Failure(f"cannot read '{weights}'")
    try:
        metadata = read_header(weights)["__metadata__"]
        name, network, scheme = metadata["rnet.data_sha256"][:16], metadata["rnet.network"], metadata["rnet.scheme"]
    except (ValueError, KeyError):
        raise Failure(f"'{weights}' is no weights file of rnet") from None
    return Generation(name, network, scheme, (metadata.get("rnet.parameters"), metadata.get("rnet.topology")), weights)


def direct(folder, name, share):
    """So much of the requests takes this generation, and the rest another one, where there is one."""
    write_text(folder / TRAFFIC, json.dumps({"generation": name, "share": share}) + "\n")


class Folders:
    """Those of all nodes of a deployment, or the one that all share."""

    def __init__(self, target):
        self.folders = [target] if any(target.glob("*.safetensors")) else sorted(folder for folder in target.glob("*/weights") if folder.is_dir())
        if not self.folders:
            raise Failure(f"'{target}' is neither a folder of weights nor what rnet deploy wrote: there is no *.safetensors in it, nor a folder NODE/weights")
        self.read()

    def read(self):
        self.held = {folder: [read_generation(file) for file in sorted(folder.glob("*.safetensors"))] for folder in self.folders}

    def generations(self):
        """By name, of all folders together."""
        return {generation.name: generation for held in self.held.values() for generation in held}

    def missing(self, name):
        """The folders that lack a generation."""
        return [folder for folder, held in self.held.items() if name not in {generation.name for generation in held}]

    def traffic(self):
        """The parts of the requests that generations should take, the new one first; empty where nobody said so."""
        names = list(self.generations())
        if len(names) == 1:
            return {names[0]: 1.0}
        for path in (folder / TRAFFIC for folder in self.folders):
            if not path.exists():
                continue
            try:
                wish = json.loads(path.read_text())
                fresh, share = wish["generation"], float(wish["share"])
            except (ValueError, KeyError, TypeError):
                raise Failure(f"'{path}' is damaged: remove it") from None
            if fresh in names:
                return {fresh: share, **{name: 1 - share for name in names if name != fresh}}
        return {}

    def add(self, generation):
        for folder in self.missing(generation.name):
            generation.copy_to(folder)
        self.read()

    def direct(self, name, share):
        for folder in self.folders:
            direct(folder, name, share)

    def remove(self, name):
        for held in self.held.values():
            for generation in held:
                if generation.name == name:
                    generation.weights.unlink()
                    generation.table.unlink(missing_ok=True)
        self.read()
