"""Compares how many instructions kernels take with what was recorded, or records it anew.

Usage: counts.py COUNTS.json PROGRAM... [--record]

Each PROGRAM, under callgrind, runs kernels that have names, and says first what compiled it. Counts may differ by TOLERANCE either way: what is
better is recorded as well, so that it is not lost again. Exits 77 where nothing can be compared: another compiler, or a processor without AVX2.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import json
import pathlib
import re
import subprocess
import sys
import tempfile

TOLERANCE = 0.02
RECORD = "cmake --build build --target record-counts"
SKIPPED = 77


def count(program):
    """What compiled the program, and the instructions of each of its kernels by name."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "out"
        run = subprocess.run(
            ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}", program],
            capture_output=True, text=True,
        )
        if run.returncode != 0:
            sys.exit(f"error: {program.name} failed with status {run.returncode} under callgrind:\n{run.stderr}")
        counts = {}
        for dump in sorted(pathlib.Path(folder).glob("out.*"), key=lambda path: int(path.suffix[1:])):
            text = dump.read_text()
            if name := re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.MULTILINE):
                counts[name[1]] = int(re.search(r"^totals: (\d+)$", text, re.MULTILINE)[1])
    if not counts:
        sys.exit(f"error: callgrind counted nothing in {program.name}")
    return run.stdout.strip(), counts


def compare(recorded, found):
    """A line for each kernel whose count is not what was recorded."""
    for name in recorded | found:
        if name not in found:
            yield f"{name}: recorded {recorded[name]:,}, but no such kernel was run"
        elif name not in recorded:
            yield f"{name}: found {found[name]:,}, but nothing is recorded"
        elif abs(found[name] - recorded[name]) > TOLERANCE * recorded[name]:
            yield f"{name}: recorded {recorded[name]:,}, found {found[name]:,} instructions, {found[name] / recorded[name]:.3f} x"


def main(arguments):
    record = "--record" in arguments
    file, *programs = (pathlib.Path(argument) for argument in arguments if argument != "--record")
    flags = re.search(r"^flags\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)[1].split()
    if not {"avx2", "fma"} <= set(flags):
        print("skipped: this processor has no AVX2, for which kernels are counted")
        return SKIPPED
    found, compilers = {}, set()
    for program in programs:
        compiler, counts = count(program)
        compilers.add(compiler)
        found |= counts
    (compiler,) = compilers
    if record:
        file.write_text(json.dumps({"compiler": compiler, "instructions": found}, indent=2) + "\n")
        print(f"recorded {len(found)} kernels, compiled by {compiler}, in {file}")
        return 0
    known = json.loads(file.read_text())
    if compiler != known["compiler"]:
        print(f"skipped: counts were recorded with {known['compiler']}, this is {compiler}; {RECORD} would record its own")
        return SKIPPED
    wrong = list(compare(known["instructions"], found))
    for line in wrong:
        print(line)
    if wrong:
        print(f"error: {len(wrong)} kernels differ; where that is meant: {RECORD}")
        return 1
    print(f"{len(found)} kernels take the instructions that were recorded, within {TOLERANCE:.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if len(sys.argv) > 2 else __doc__)
