"""Specs, their mutants, and what `rnet check` says of many at once."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pathlib
import re
import subprocess
from typing import Iterator, NamedTuple

from ebnf import Grammar

BATCH = 400


def examples(source: pathlib.Path) -> dict[str, str]:
    return {str(p.relative_to(source)): p.read_text() for p in sorted(source.glob("examples/*/*.rnet"))}


def test_specs(source: pathlib.Path) -> dict[str, str]:
    """The specs of the lit tests, those inside of .test files as well."""
    found = {}
    for folder in (source / "tests", source / "examples"):
        for path in sorted([*folder.rglob("*.rnet"), *folder.rglob("*.test")]):
            name, text = str(path.relative_to(source)), path.read_text()
            parts = re.split(r"^//--- (.*)\n", text, flags=re.M)
            if path.suffix == ".rnet":
                found[name] = text
            for part, body in zip(parts[1::2], parts[2::2]):
                if part.strip().endswith(".rnet"):
                    found[f"{name}/{part.strip()}"] = body
    return found


class Mutant(NamedTuple):
    kind: str
    token: int  # of the original
    old: str
    text: str

    def __str__(self) -> str:
        return f"token {self.token} '{self.old}' {self.kind}"


REPLACEMENTS = {"a name": "zzz", "a number": "7", "a sign": ":", "a bracket": "}"}


def mutants(text: str, grammar: Grammar) -> Iterator[Mutant]:
    """Every token deleted, doubled and replaced in turn."""
    for i, (begin, end, old) in enumerate(grammar.tokens(text)):
        before, behind = text[:begin], text[end:]
        yield Mutant("deleted", i, old, f"{before} {behind}")
        yield Mutant("doubled", i, old, f"{before}{old} {old}{behind}")
        for what, new in REPLACEMENTS.items():
            if new != old:
                yield Mutant(f"replaced by {what}", i, old, f"{before} {new} {behind}")


class Message(NamedTuple):
    severity: str
    line: int  # from 0 on, as all of these
    begin: int
    end: int  # what is underlined, in columns
    text: str


def run(command: list[str], texts: list[str], folder: pathlib.Path) -> list[list[Message]]:
    """What `rnet check` or the like says of each text."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{i}.rnet" for i in range(len(texts))]
    for path, text in zip(paths, texts):
        path.write_text(text)
    return run_files(command, paths, paths)


def run_files(command: list[str], paths: list[pathlib.Path], places: list[pathlib.Path]) -> list[list[Message]]:
    """What is said of each path at its place: in the file itself, or in one that it imports. Exits where the command
    does not exit with 0 or 1."""
    messages = {str(place): [] for place in places}
    for start in range(0, len(paths), BATCH):
        some = paths[start : start + BATCH]
        done = subprocess.run([*command, *some], capture_output=True, text=True, timeout=300)
        if done.returncode not in (0, 1):
            raise SystemExit(
                f"{' '.join(command)} exits with {done.returncode} on some of {some[0]}..{some[-1]}:\n"
                + done.stderr[-2000:]
            )
        for path, line, severity, text, blanks, mark in re.findall(
            r"^(.+\.rnet):(\d+):\d+: (error|warning|note): (.*)\n.*\n( *)([~^]+)$", done.stderr, flags=re.M
        ):
            begin, end = len(blanks), len(blanks + mark)
            if path in messages:
                messages[path].append(Message(severity, int(line) - 1, begin, end, text))
    return [messages[str(place)] for place in places]


def is_syntax_error(messages: list[Message]) -> bool:
    return any(m.text.endswith(" [syntax]") for m in messages)
