"""Mistakes are noticed where they are made: notice.py SOURCE RNET FOLDER [--only EXAMPLE...] [--sample N]

Breaks every token of every example in several ways. No such mutant may crash `rnet check`, and unless it is still a
valid spec, a message or its note must lie at most one token from the mistake.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import bisect
import pathlib
import random
import re
import subprocess
import sys

import specs
from ebnf import Grammar


MOST_VALID = 1 / 10  # of all mutants: a name for a name, a number for a number, an option less
SHOWN = 10


def distance(mutant: specs.Mutant, message: specs.Message, grammar: Grammar) -> int:
    """How many tokens lie between the mistake and what the message underlines."""
    tokens = grammar.tokens(mutant.text)
    line = sum(len(line) + 1 for line in mutant.text.split("\n")[: message.line])
    # Tokens are at odd positions, what is between them at even ones.
    starts = [token.begin for token in tokens]

    def position(offset: int) -> int:
        token = bisect.bisect_right(starts, offset) - 1
        return 2 * token + (1 if token >= 0 and offset < tokens[token].end else 2)

    first, last = position(line + message.begin), position(line + message.end - 1)
    begin = end = 2 * mutant.token + (0 if mutant.kind == "deleted" else 1)
    if mutant.kind == "doubled":
        end += 2
    return max(begin - last, first - end, 0) // 2


def place(source: pathlib.Path, name: str, text: str, folder: pathlib.Path) -> pathlib.Path:
    """Writes a text in place of an example's file, among links to all that it may import."""
    folder.mkdir(parents=True)
    examples = source / "examples"
    changed = pathlib.Path(name).relative_to("examples")
    (folder / changed.parent).mkdir()
    for example in examples.iterdir():
        if example.name != changed.parent.name:
            (folder / example.name).symlink_to(example)
    for beside in (examples / changed.parent).glob("*.rnet"):
        if beside.name != changed.name:
            (folder / changed.parent / beside.name).symlink_to(beside)
    (folder / changed).write_text(text)
    return folder / changed


def importer(source: pathlib.Path, name: str) -> str:
    """What is to be checked for a file: itself, if it has a network, else an example that imports it."""
    path = source / name
    if re.search(r"^network ", path.read_text(), flags=re.M):
        return path.name
    return next(p.name for p in sorted(path.parent.glob("*.rnet")) if f'import "{path.name}"' in p.read_text())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", type=pathlib.Path)
    parser.add_argument("rnet")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", nargs="+", default=[""], help="what the folders of examples start with")
    parser.add_argument("--sample", type=int, help="so many mutants of each, not all")
    given = parser.parse_args()
    source, rnet, folder = given.source, given.rnet, given.folder
    grammar = Grammar(source / "grammars" / "rnet.ebnf")
    bad = False
    for name, text in specs.examples(source).items():
        if not name.removeprefix("examples/").startswith(tuple(given.only)):
            continue
        mutants = list(specs.mutants(text, grammar))
        if given.sample:
            mutants = random.Random(1).sample(mutants, given.sample)
        places = [place(source, name, m.text, folder / name / str(i)) for i, m in enumerate(mutants)]
        checked = [p.parent / importer(source, name) for p in places]
        said = specs.run_files([rnet, "check"], checked, places)
        valid, far = [], []
        for path, check, mutant, messages in zip(places, checked, mutants, said):
            nearest = min((distance(mutant, m, grammar) for m in messages), default=999)
            if nearest <= 1 and any(m.severity == "error" for m in messages):
                continue
            if subprocess.run([rnet, "check", check], stderr=subprocess.DEVNULL).returncode == 0:
                valid.append(check)
            elif nearest > 1:
                far.append(f"{path}: {mutant}: {nearest} tokens from '{messages[0].text if messages else 'elsewhere'}'")
        print(f"{name}: {len(mutants)} mutants, {len(valid)} still valid, {len(far)} noticed far away")
        print("\n".join(far[:SHOWN]))
        bad |= bool(far)
        bad |= not 0 < len(valid) <= MOST_VALID * len(mutants)
    sys.exit(bad)


if __name__ == "__main__":
    main()
