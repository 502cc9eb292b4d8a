"""What the comparisons share: runs whose results are kept, and tables of means over seeds."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import concurrent.futures
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys

SCHEMES = ("vanilla", "dfg", "resilinet", "resilinet+")
SETTINGS = ("normal", "poor", "hazardous")
ROOT = pathlib.Path(__file__).resolve().parents[1]


def call(log, *command):
    """Runs a command; what it says goes to the file `log`. Raises RuntimeError with its last lines where it fails."""
    with open(log, "w") as output:
        code = subprocess.run([str(word) for word in command], stdout=output, stderr=subprocess.STDOUT).returncode
    if code != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-10:])
        raise RuntimeError(f"{pathlib.Path(command[0]).name} failed with status {code}:\n{tail}")


def digest(*paths):
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(pathlib.Path(path).read_bytes()).digest())
    return total.hexdigest()


def kept(result, made_from, make):
    """The evaluation in file `result` where it was made from the same; else makes it."""
    stamp = result.with_suffix(".from")
    wanted = json.dumps(made_from, sort_keys=True)
    if not (result.exists() and stamp.exists() and stamp.read_text() == wanted):
        stamp.unlink(missing_ok=True)
        make()
        stamp.with_suffix(".part").write_text(wanted)
        os.replace(stamp.with_suffix(".part"), stamp)
        print(f"done: {result.parent.name}/{result.stem}", file=sys.stderr, flush=True)
    return json.loads(result.read_text())


def run_all(jobs, tasks):
    """The results of `tasks`, {key: (function, argument...)}, by key; `jobs` at once. The first error ends all."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = {key: pool.submit(*task) for key, task in tasks.items()}
        try:
            return {key: run.result() for key, run in runs.items()}
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def spread(values):
    """Mean and standard deviation over seeds."""
    return f"{statistics.mean(values):.1f} ± {statistics.pstdev(values):.1f}"


def table(cells, words):
    """Markdown that reads well as plain text too; `cells` are rows of text, the first `words` columns of words."""
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) if k < words else cell.rjust(width) for k, (cell, width) in enumerate(zip(row, widths))) + " |"
        for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) if k < words else "-" * (width + 1) + ":" for k, width in enumerate(widths)) + "|")
    return "\n".join(lines) + "\n"
