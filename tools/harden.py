"""The command line of `rnet harden`."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import os
import pathlib
import subprocess
import sys

from shared.command import Failure, call_rnet, rnet_path, run_main, split_arguments
from shared.weights import read_header

SCHEME = "resilinet"  # in which skips count only while something is down


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="rnet harden",
        usage="rnet harden SPEC --weights W0 --data DATA -o DIR [--stand-ins copy|linear] [--no-averages] [--epochs N] "
        "[--failout P] [--threads N] [-- OPTION...]",
        description="Lets a trained network without skips answer while nodes are down. Its weights stay as they are, and so do the bits of its "
        "answers while nothing fails. Every skip hyperconnection of SPEC gets a projection, a copy of what it bypasses or else a linear one, "
        "which alone learns; where something is missing beside others, its average is added. DIR gets the network, built under resilinet, and its weights, hardened.safetensors. What follows "
        "a -- goes to NET-train.",
    )
    parser.add_argument("spec", type=pathlib.Path, metavar="SPEC", help="the .rnet file")
    parser.add_argument("--weights", type=pathlib.Path, required=True, metavar="W0", help="of the trained network: scheme vanilla, say")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="what it was trained on")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--stand-ins", choices=("copy", "linear"), default="copy", help="what projections are: copies of the layers that their "
                        "skip bypasses, where these are one chain, or linear (default: copy)")  # fmt: skip
    parser.add_argument("--no-averages", action="store_true", help="add nothing for what is missing")
    parser.add_argument("--epochs", type=int, metavar="N", help="default: a tenth of those that W0 took")
    parser.add_argument("--failout", type=float, default=0.3, metavar="P", help="default: 0.3")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), metavar="N", help="no result depends on it")
    own, train = split_arguments(arguments)
    options = parser.parse_args(own)
    options.train = train
    return options


def read_training(weights):
    """The network's name, the settings and the split that a weights file was trained with."""
    try:
        metadata = read_header(weights)["__metadata__"]
        return metadata["rnet.network"], json.loads(metadata["rnet.settings"]), json.loads(metadata["rnet.split"])
    except (ValueError, KeyError):
        raise Failure(f"'{weights}' is no weights file of rnet") from None


def split_flags(split):
    """The flags of NET-train that split the same rows in the same way again."""
    if split["kind"] == "files":
        raise Failure("W0 was trained on files for training and validation: rnet harden needs one dataset that is split")
    flags = [] if split["kind"] == "array" else ["--split", split["kind"], "--split-seed", str(split["seed"])]
    flags += [word for selection in split["inputs"] for word in ("--input", selection)]
    flags += [word for name, flag in (("by", "--split-by"), ("label", "--label")) if split[name] for word in (flag, split[name])]
    return flags + ["--resize"] * split["resize"]


def call(*command):
    """Runs a command that speaks for itself."""
    code = subprocess.run([str(word) for word in command]).returncode
    if code == 130 or code == -2:
        raise KeyboardInterrupt
    if code != 0:
        raise Failure(f"{pathlib.Path(command[0]).name} failed with status {code}")


def main():
    options = parse(sys.argv[1:])
    network, settings, split = read_training(options.weights)
    flags = split_flags(split)
    if not options.data.exists():
        raise Failure(f"cannot read '{options.data}'")
    epochs = max(1, settings["epochs"] // 10) if options.epochs is None else options.epochs
    given = json.loads(call_rnet("emit", options.spec, "--as=json", f"--scheme={SCHEME}"))["network"]
    if given != network:
        raise Failure(f"'{options.weights}' is of network '{network}', '{options.spec}' has network '{given}'")
    given = [f"--project-skips={options.stand_ins}"] + ["--averages"] * (not options.no_averages)
    call(rnet_path(), "build", options.spec, "-o", options.output, f"--scheme={SCHEME}", *given)
    hardened = options.output / "hardened.safetensors"
    train, evaluate = (options.output / f"bin/{network}-{program}" for program in ("train", "evaluate"))
    resume = ["--resume"] if pathlib.Path(f"{hardened}.checkpoint").exists() else []
    call(train, "--data", options.data, "--harden", options.weights, "--out", hardened, "--epochs", epochs, "--failout", options.failout,
         "--seed", settings["seed"], "--threads", options.threads, *flags, *options.train, *resume)
    call(evaluate, "--data", options.data, "--weights", hardened, "--threads", options.threads)
    print(f"rnet: {hardened} is hardened; rnet run {options.output} --weights {hardened} runs it, rnet report {options.output} tells of it", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
