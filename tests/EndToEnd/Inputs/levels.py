"""The processes of a built network give the evaluator's bits at every level of instructions that this processor has, and on one without AVX.

levels.py --rnet RNET --directory DIR --weights W --data F.npz
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

LEVELS = {"x86-64": "sse2", "x86-64-v3": "avx2", "x86-64-v4": "avx512vl"}  # and a flag that such a processor has
OLD = "qemu-x86_64 -cpu Nehalem"


def compare(options, directory, level, rows, patterns):
    """What run_matches_evaluator.py says; without a level, nodes choose it themselves."""
    return subprocess.run(
        [sys.executable, pathlib.Path(__file__).with_name("run_matches_evaluator.py"), "--rnet", options.rnet, "--directory", directory,
         "--weights", options.weights, "--data", options.data, "--rows", str(rows), "--patterns", str(patterns)],
        env=os.environ | ({"RNET_LEVEL": level} if level else {}), check=True, stdout=subprocess.PIPE, text=True,
    ).stdout.strip()


def emulated(directory, folder):
    """A copy of the network whose nodes run on an old processor."""
    copy = folder / "old"
    (copy / "bin").mkdir(parents=True)
    shutil.copy(directory / "network.json", copy)
    for program in (directory / "bin").iterdir():
        wrapper = copy / "bin" / program.name
        emulator = "" if program.name.endswith(("-train", "-evaluate")) else OLD
        wrapper.write_text(f'#!/bin/sh\nexec {emulator} "{program}" "$@"\n')
        wrapper.chmod(0o755)
    return copy


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rnet", "directory", "weights", "data"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    directory = pathlib.Path(options.directory).resolve()
    flags = re.search(r"^flags\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)[1].split()
    for level, flag in LEVELS.items():
        print(f"{level}:", compare(options, directory, level, 20, 3) if flag in flags else "this processor lacks it", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        print("emulated:", compare(options, emulated(directory, pathlib.Path(folder)), None, 5, 2))


if __name__ == "__main__":
    main()
