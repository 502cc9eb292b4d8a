"""What the largest generated source costs to compile.

compile_cost.py --runtime PACKAGE --seconds S --megabytes M [--all] FOLDER... (each as `rnet emit --as=cpp` wrote it)

Largest is the source with the most bytes of generated text in itself and what it includes; --all compiles every one. The command is that of the
generated project, without ccache. Fails where it takes more CPU time or more memory.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys


class Source:
    def __init__(self, folder, entry):
        self.folder, self.path, self.entry = folder, pathlib.Path(entry["file"]), entry
        seen, todo = set(), [self.path]
        while todo:
            file = todo.pop()
            if file not in seen and file.is_file():
                seen.add(file)
                todo += [folder / name for name in re.findall(r'^#include "(.*)"', file.read_text(), re.MULTILINE)]
        self.size = sum(file.stat().st_size for file in seen)

    def compile(self):
        """Seconds of CPU time and megabytes, of the compiler and what it starts."""
        process = subprocess.Popen(shlex.split(self.entry["command"]), cwd=self.entry["directory"])
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{self.path} does not compile")
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def sources(folder, runtime):
    """The sources of a generated project; network.cpp, main programs."""
    build = folder.with_name(folder.name + "-build")
    subprocess.run(
        ["cmake", "-S", folder, "-B", build, "-G", "Ninja", f"-DRnetRuntime_DIR={runtime}", "-DCCACHE=OFF",
         "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON"],
        check=True, stdout=subprocess.DEVNULL,
    )
    return [Source(folder, entry) for entry in json.loads((build / "compile_commands.json").read_text())]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runtime", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--megabytes", type=float, required=True)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("folders", nargs="+", type=lambda path: pathlib.Path(path).resolve())
    options = parser.parse_args()
    found = [source for folder in options.folders for source in sources(folder, options.runtime)]
    found.sort(key=lambda source: source.size, reverse=True)
    failed = False
    for source in found if options.all else found[:1]:
        seconds, megabytes = source.compile()
        failed |= seconds > options.seconds or megabytes > options.megabytes
        print(f"{source.path.relative_to(source.folder.parent)}: {source.size} bytes, {seconds:.1f} s, {megabytes:.0f} MB", flush=True)
    if failed:
        sys.exit(f"error: more than {options.seconds:.0f} s or {options.megabytes:.0f} MB")


if __name__ == "__main__":
    main()
