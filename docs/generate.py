"""Makes one page of the documentation from what its sources say.

Usage: generate.py dialect | passes | diagnostics | readme PAGE -- COMMAND [ARG...] [-- COMMAND [ARG...]]...

The commands print the material: mlir-tblgen its own Markdown, `rnet` its table of diagnostics, `cat` the
list of packages.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


NEEDED_FOR = {None: "building", "report": "reports", "test": "tests"}


def note(source: str) -> str:
    return f"<!-- Made from {source} by the CMake target update-docs: edits are lost. -->\n\n"


def without_header(markdown: str) -> str:
    return re.sub(r"<!--.*?-->\s*|\[TOC\]\s*", "", markdown)


def dialect(markdown: str) -> str:
    return note("dialect/include/rnet/Dialect/*.td") + without_header(markdown)


def passes(markdown: str) -> str:
    return (
        note("the Passes.td files below compiler/include")
        + "# Passes\n\nEach is an option of `rnet-opt`; their order is in `compiler/Pipelines`.\n\n"
        + re.sub(r"(?m)^### `-(\S+)`", r"## `\1`", without_header(markdown))
    )


def diagnostics(table: str) -> str:
    """`table`: one diagnostic a line, "ID SEVERITY MEANING"."""
    rows = (line.split(maxsplit=2) for line in table.splitlines() if line.strip())
    return (
        note("the compiler's table of diagnostics")
        + "# Diagnostics\n\nEvery message ends with its id in brackets. Warnings can be switched off by id.\n\n"
        + "| id | severity | meaning |\n|---|---|---|\n"
        + "".join(f"| `{name}` | {severity} | {meaning} |\n" for name, severity, meaning in rows)
    )


def readme(packages: str) -> str:
    """README.md with its table of dependencies made anew from the list of packages."""
    rows = "| Debian package | needed for | why |\n|---|---|---|\n"
    for line in packages.splitlines():
        if found := re.match(r"([^\s#]+)\s+(test|report)?\s*#\s*(.+)", line):
            rows += f"| `{found[1]}` | {NEEDED_FOR[found[2]]} | {found[3]} |\n"
    begin, end = "<!-- dependencies -->\n", "<!-- end of dependencies -->"
    before, rest = (ROOT / "README.md").read_text().split(begin)
    return before + begin + rows + end + rest.split(end)[1]


def main(arguments: list[str]) -> None:
    pages = {page.__name__: page for page in (dialect, passes, diagnostics, readme)}
    if len(arguments) < 4 or arguments[0] not in pages or arguments[2] != "--":
        sys.exit(__doc__)
    material, command = "", []
    for word in arguments[3:] + ["--"]:
        if word != "--":
            command.append(word)
        elif command:
            material += subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
            command = []
    text = pages[arguments[0]](material)
    text = re.sub(r"[ \t]+\n", "\n", re.sub(r"\n{3,}", "\n\n", text))
    pathlib.Path(arguments[1]).write_text(text.rstrip("\n") + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
