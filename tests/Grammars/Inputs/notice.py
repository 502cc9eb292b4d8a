"""Mistakes are noticed where they are made: notice.py SOURCE RNET FOLDER

Breaks every token of every example in several ways. No such mutant may crash `rnet check`, and unless it is still a
valid spec, a message or its note must lie at most one token from the mistake.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import bisect
import pathlib
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


def main(source: pathlib.Path, rnet: str, folder: pathlib.Path) -> None:
    grammar = Grammar(source / "grammars" / "rnet.ebnf")
    bad = False
    for name, text in specs.examples(source).items():
        mutants = list(specs.mutants(text, grammar))
        said = specs.run([rnet, "check"], [m.text for m in mutants], folder / name)
        valid, far = [], []
        for i, (mutant, messages) in enumerate(zip(mutants, said)):
            if not any(m.severity == "error" for m in messages):
                valid.append(folder / name / f"{i}.rnet")
            elif (nearest := min(distance(mutant, m, grammar) for m in messages)) > 1:
                far.append(f"{i}.rnet: {mutant}: {nearest} tokens from '{messages[0].text}'")
        print(f"{name}: {len(mutants)} mutants, {len(valid)} still valid, {len(far)} noticed far away")
        print("\n".join(far[:SHOWN]))
        if subprocess.run([rnet, "check", *valid], stderr=subprocess.DEVNULL).returncode != 0:
            print("a mutant without an error is no valid spec")
            bad = True
        bad |= bool(far) or not 0 < len(valid) <= MOST_VALID * len(mutants)
    sys.exit(bad)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]))
