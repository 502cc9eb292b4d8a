"""Runs of programs whose results are kept, in parallel, and tables of what they gave."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import concurrent.futures
import hashlib
import json
import os
import pathlib
import signal
import subprocess
import sys

_running = set()  # processes that `call` waits for: an interrupted `run_all` stops them


def call(log, *command):
    """Runs a command; what it says goes to the file `log`. Raises RuntimeError with its last lines where it fails."""
    with open(log, "w") as output:
        # A group of its own: Ctrl-C on the terminal is for run_all, which hands it on once.
        process = subprocess.Popen([str(word) for word in command], stdout=output, stderr=subprocess.STDOUT, process_group=0)
        _running.add(process)
        try:
            code = process.wait()
        finally:
            _running.discard(process)
    if code != 0:
        tail = "\n".join(pathlib.Path(log).read_text(errors="replace").splitlines()[-10:])
        raise RuntimeError(f"{pathlib.Path(command[0]).name} failed with status {code}:\n{tail}")


def digest(*paths):
    """SHA-256 over files, in this order."""
    total = hashlib.sha256()
    for path in paths:
        total.update(hashlib.sha256(pathlib.Path(path).read_bytes()).digest())
    return total.hexdigest()


def say_done(result):
    print(f"done: {result.parent.name}/{result.stem}", file=sys.stderr, flush=True)


def kept(result, made_from, make, done=say_done):
    """The evaluation in file `result` where it was made from the same; else makes it, and calls `done`."""
    stamp = result.with_suffix(".from")
    wanted = json.dumps(made_from, sort_keys=True)
    if not (result.exists() and stamp.exists() and stamp.read_text() == wanted):
        stamp.unlink(missing_ok=True)
        make()
        stamp.with_suffix(".part").write_text(wanted)
        os.replace(stamp.with_suffix(".part"), stamp)
        done(result)
    return json.loads(result.read_text())


def digest_data(path):
    """SHA-256 of a dataset: of the file, or of all files of a folder, with their names."""
    path = pathlib.Path(path)
    if not path.is_dir():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    total = hashlib.sha256()
    for file in sorted(file for file in path.rglob("*") if file.is_file()):
        total.update(f"{file.relative_to(path)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def run_all(jobs, tasks):
    """The results of `tasks`, {key: (function, argument...)}, by key; `jobs` at once. The first error ends all, and so does Ctrl-C:
    programs that still run are interrupted, and waited for."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = {key: pool.submit(*task) for key, task in tasks.items()}
        try:
            for run in concurrent.futures.as_completed(runs.values()):
                run.result()
            return {key: run.result() for key, run in runs.items()}
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list(_running):
                try:
                    os.killpg(process.pid, signal.SIGINT)
                except ProcessLookupError:
                    pass
            raise


def table(cells, words):
    """Markdown that reads well as plain text too; `cells` are rows of text, the first `words` columns of words."""
    widths = [max(len(row[k]) for row in cells) for k in range(len(cells[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) if k < words else cell.rjust(width) for k, (cell, width) in enumerate(zip(row, widths))) + " |"
        for row in cells
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) if k < words else "-" * (width + 1) + ":" for k, width in enumerate(widths)) + "|")
    return "\n".join(lines) + "\n"
