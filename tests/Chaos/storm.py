"""health over mutual TLS keeps every promise in two minutes of faults of every kind; and a broken promise is noticed.

storm.py --rnet RNET --examples DIR --work DIR [--seconds N]
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys

import numpy


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rnet", required=True)
    parser.add_argument("--examples", type=pathlib.Path, required=True)
    parser.add_argument("--work", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    options.work.mkdir(parents=True)
    os.chdir(options.work)
    spec = options.examples / "01-health/health.rnet"

    def call(*words, expect=0):
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True)
        assert done.returncode == expect, f"{words[:2]}: status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    call(options.rnet, "build", spec, "-o", "net", "--march=native")
    call(options.rnet, "keys", spec, "-o", "keys")
    call(sys.executable, options.examples / "make_data.py", "net", "made.npz", "--samples", 2000)
    made = dict(numpy.load("made.npz"))
    for name, rows in (("train.npz", slice(1500)), ("ask.npz", slice(1500, None))):
        numpy.savez(name, **{key: array[rows] for key, array in made.items()})
    call("net/bin/health-train", "--data", "train.npz", "--epochs", 3, "--out", "W.safetensors")
    call("net/bin/health-evaluate", "--data", "train.npz", "--weights", "W.safetensors")
    chaos = [options.rnet, "chaos", "net", "--weights", "W.safetensors", "--data", "ask.npz"]
    done = call(*chaos, "--keys", "keys", "--random", 1, "--seconds", options.seconds, "-o", "storm")
    verdict = json.loads(pathlib.Path("storm/chaos.json").read_text())
    print(done.stdout)
    assert set(verdict["faults_by_kind"]) == {"kill", "stop", "slow", "partition", "delay", "corrupt"}, verdict["faults_by_kind"]
    assert verdict["degraded"] > 0 and verdict["answered"] > 0.5 * verdict["requests"]
    assert not verdict["broken"] and verdict["unverified"] == 0

    # What is wrong is said: an answer that is another's, a node that ends by itself, a request that nobody answers.
    pathlib.Path("plan.json").write_text(json.dumps([{"at": 0.5, "kind": "kill", "node": "cloud", "for": 60}]))
    done = call(*chaos, "--plan", "plan.json", "--seconds", 3, "-o", "dead", expect=1)
    assert "requests were lost" in done.stdout, done.stdout


if __name__ == "__main__":
    main()
