"""The editor grammars know the language's words and tokens: editors.py SOURCE"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import json
import pathlib
import re
import sys

import specs
from ebnf import Grammar

# The first part of a token's scope, by what it is.
SCOPES = {
    "reserved": ("keyword.declaration", "keyword.control", "storage.modifier"),
    "NUMBER": ("constant.numeric",),
    "SIZE": ("constant.numeric.size",),
    "STRING": ("string",),
    "->": ("keyword.operator.arrow",),
    "name": ("", "entity", "variable", "storage.type"),
}
SAMPLE = 'network n { const w = 2 * "a // b" // c "->" network\n node_ -> at_ skip a -> b weight -1.5e-3 f(3x3, k: 8)\n }'


def rules_of(pattern: dict, repository: dict) -> list[dict]:
    """The matches that a pattern stands for, in order."""
    if "include" in pattern:
        return rules_of(repository[pattern["include"].removeprefix("#")], repository)
    return [r for p in pattern["patterns"] for r in rules_of(p, repository)] if "patterns" in pattern else [pattern]


def scopes(text: str, rules: list[dict]) -> list[str]:
    """The scope of each character: the earliest match wins, then the first rule."""
    found = [""] * len(text)
    compiled = [(re.compile(rule["match"], re.M), rule) for rule in rules]
    at = 0
    while matches := [(m.start(), i, m) for i, (r, _) in enumerate(compiled) if (m := r.search(text, at))]:
        _, i, match = min(matches, key=lambda m: m[:2])
        groups = {"0": {"name": rules[i].get("name", "")}, **rules[i].get("captures", {})}
        for group, scope in groups.items():
            for k in range(*match.span(int(group))):
                found[k] = scope["name"]
        at = max(match.end(), at + 1)
    return found


def main(source: pathlib.Path) -> None:
    grammar = Grammar(source / "grammars" / "rnet.ebnf")
    folder = source / "grammars" / "editors"

    def compare(editor: str, words: list[str]) -> None:
        if sorted(words) != sorted(grammar.reserved):
            sys.exit(f"{editor} and rnet.ebnf differ in {set(words) ^ set(grammar.reserved) or 'a word said twice'}")

    vim = (folder / "rnet.vim").read_text()
    compare("rnet.vim", " ".join(re.findall(r"^syntax keyword \w+ (.*)$", vim, flags=re.M)).split())

    package = json.loads((folder / "package.json").read_text())
    for language in package["contributes"]["languages"]:
        json.loads((folder / language["configuration"]).read_text())
    textmate = json.loads((folder / package["contributes"]["grammars"][0]["path"]).read_text())
    repository = textmate["repository"]
    keywords = [word for rule in repository["keyword"]["patterns"] for word in re.findall(r"[a-z]+(?=[|)])", rule["match"])]
    compare("rnet.tmLanguage.json", keywords)

    rules = [rule for pattern in textmate["patterns"] for rule in rules_of(pattern, repository)]
    seen = set()
    for name, text in {**specs.examples(source), "the sample": SAMPLE}.items():
        found = scopes(text, rules)
        for token in grammar.tokens(text):
            kind = "reserved" if token.text in grammar.reserved else "->" if token.text == "->" else "name"
            for literal in ("NUMBER", "SIZE", "STRING"):
                if re.fullmatch(grammar.regex[literal], token.text):
                    kind = literal
            if kind == "name" and not re.fullmatch(grammar.regex["WORD"], token.text):
                continue
            seen.add(kind)
            scope = found[token.begin]
            if len(set(found[token.begin : token.end])) > 1 or not any(
                scope.startswith(start) if start else scope == "" for start in SCOPES[kind]
            ):
                sys.exit(f"{name}: {kind} '{token.text}' at {token.begin} has scope '{scope}'")
    if seen != set(SCOPES):
        sys.exit(f"no sample of {set(SCOPES) - seen}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
