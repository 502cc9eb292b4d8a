#!/usr/bin/python3
"""Stands in for rnet where only `rnet experiment` is tested: what it builds is a trainer that counts its runs in the file RUNS beside it
and an evaluator whose accuracy is .90 + seed / 100, balanced .05 less, and less where it is told to cut hyperconnections: least, edge_to_cloud.
The trainer fails while there is a file FAIL, and waits for Ctrl-C while there is a
file WAIT, as NET-train does: it saves a checkpoint then. While there is a file AFTER, it goes on once the trainer of the build that is
named there waits. All but `build` goes to the real rnet, in the environment variable REAL_RNET."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import json
import os
import pathlib
import shutil
import signal
import sys
import time


def value(option):
    return sys.argv[sys.argv.index(option) + 1]


def train():
    here, out = pathlib.Path(sys.argv[0]).parent, value("--out")
    checkpoint = pathlib.Path(out + ".checkpoint")
    if (here / "FAIL").exists():
        sys.exit("error: told to fail")
    if checkpoint.exists() != ("--resume" in sys.argv):
        sys.exit("error: --resume belongs with a checkpoint")
    with open(here / "RUNS", "a") as file:
        file.write(" ".join(word for word in sys.argv[1:] if not word.startswith("/")) + "\n")
    if (here / "WAIT").exists():
        signal.signal(signal.SIGINT, lambda *_: (checkpoint.touch(), sys.exit(130)))
        (here / "WAITING").touch()
        time.sleep(60)
    while (here / "AFTER").exists() and not (here.parents[1] / (here / "AFTER").read_text() / "bin/WAITING").exists():
        time.sleep(0.01)
    checkpoint.unlink(missing_ok=True)
    history = {"loss": [1.0, 0.5], "validation_accuracy": [0.5, 0.75], "best_epoch": 2}
    split = {"kind": value("--split") if "--split" in sys.argv else "random"}
    metadata = {"rnet.history": history, "rnet.settings": {"class_weights": "none"}, "rnet.split": split}
    header = json.dumps({"__metadata__": {key: json.dumps(each) for key, each in metadata.items()}}).encode()
    pathlib.Path(out).write_bytes(len(header).to_bytes(8, "little") + header)
    pathlib.Path(out + ".seed").write_text(value("--seed"))


def evaluate():
    accuracy = 0.9 + int(pathlib.Path(value("--weights") + ".seed").read_text()) / 100
    cut = value("--cut").split(",") if "--cut" in sys.argv else []
    accuracy -= 0.01 * len(cut) + 0.05 * ("edge_to_cloud" in cut)
    pattern = {"down": [], "flow": True, "accuracy": accuracy}
    expected = {setting: accuracy - k / 10 for k, setting in enumerate(("normal", "poor", "hazardous"))}
    balanced = {setting: each - 0.05 for setting, each in expected.items()}
    evaluation = {"samples": 10, "accuracy": accuracy, "expected_accuracy": expected}
    evaluation |= {"balanced_accuracy": accuracy - 0.05, "expected_balanced_accuracy": balanced, "patterns": [pattern]}
    pathlib.Path(value("--json")).write_text(json.dumps(evaluation))


def build():
    folder = pathlib.Path(value("-o"))
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    (folder / "spec").mkdir(exist_ok=True)
    shutil.copy(sys.argv[2], folder / "spec")
    (folder / "network.json").write_text('{"network": "health"}')
    if (folder.parent / "BREAK").exists():
        sys.exit("error: told to break")
    for program in ("health-train", "health-evaluate"):
        shutil.copy(sys.argv[0], folder / "bin" / program)


name = pathlib.Path(sys.argv[0]).name
if name == "health-train":
    train()
elif name == "health-evaluate":
    evaluate()
elif sys.argv[1] == "build":
    build()
else:
    os.execv(os.environ["REAL_RNET"], [os.environ["REAL_RNET"], *sys.argv[1:]])
