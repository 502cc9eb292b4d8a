#!/usr/bin/python3
"""Stands in for rnet where only a script of bench/ is tested: builds a network of two hyperconnections, a trainer that splits, and an
evaluator whose every accuracy is one half. The trainer notes its runs in the file RUNS beside it, a line each, and fails while there is a file FAIL."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import json
import pathlib
import shutil
import sys

import numpy


def value(option, default=None):
    return sys.argv[sys.argv.index(option) + 1] if option in sys.argv or default is None else default


def train():
    here = pathlib.Path(sys.argv[0]).parent
    if (here / "FAIL").exists():
        sys.exit("error: told to fail")
    with open(here / "RUNS", "a") as file:
        file.write(f"run {' '.join(sys.argv[1:])}\n")
    if "--out" in sys.argv:
        pathlib.Path(value("--out")).touch()
    rows = numpy.random.default_rng(int(value("--split-seed", "0"))).permutation(len(numpy.load(value("--data"))["x"]))
    train, validation, test = numpy.split(rows, [len(rows) * 8 // 10, len(rows) * 9 // 10])
    if "--trace" in sys.argv:
        numpy.savez(value("--trace"), train=train, validation=validation, test=test)


def evaluate():
    accuracy = 0.4 if "--all" in sys.argv else 0.5
    result = {"accuracy": 0.5, "guess": 0.1, "expected_accuracy": dict.fromkeys(("normal", "poor", "hazardous"), 0.5),
              "single_down": dict.fromkeys(("edge", "fog2", "fog1"), 0.5),
              "patterns": [{"down": down, "flow": len(down) < 2, "accuracy": accuracy} for down in ([], ["edge"], ["edge", "fog2"])]
              + [{"down": ["cloud"], "flow": True, "accuracy": accuracy, "exit": "fog1"}]}
    pathlib.Path(value("--json")).write_text(json.dumps(result))


name = pathlib.Path(sys.argv[0]).name
if name == "health-train":
    train()
elif name == "health-evaluate":
    evaluate()
else:
    folder = pathlib.Path(value("-o")) / "bin"
    folder.mkdir(parents=True, exist_ok=True)
    reliability = dict.fromkeys(("normal", "poor", "hazardous"), {"edge": 0.8, "cloud": 0.9})
    network = {"reliability": reliability, "hyperconnections": [{"bytes": 1000}, {"bytes": 92}],
               "costs": {"edge": {"weight_bytes": 200}, "cloud": {"weight_bytes": 100}}}
    (folder.parent / "network.json").write_text(json.dumps(network))
    for program in ("health-train", "health-evaluate"):
        shutil.copy(sys.argv[0], folder / program)
