"""Reads grammars/rnet.ebnf: its tokens, its reserved words, and the whole of it as a grammar for Lark."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import re
from typing import NamedTuple

LITERAL = r"'[^']*'"
WORD_FOLLOWS = "[a-zA-Z0-9_]"


class Token(NamedTuple):
    begin: int
    end: int
    text: str


class Grammar:
    def __init__(self, path: str):
        text = re.sub(r"/\*.*?\*/", "", open(path).read(), flags=re.S)
        heads = list(re.finditer(r"(\w+)\s*::=", text))
        ends = [head.start() for head in heads[1:]] + [len(text)]
        rules = {h[1]: text[h.end() : end].strip() for h, end in zip(heads, ends)}
        if len(rules) != len(heads):
            raise ValueError("a rule is defined twice")

        def words(rule: str) -> list[str]:
            return re.findall(r"\w+", rules.pop(rule))

        self.reserved = words("reserved")
        self.skipped = words("skipped")
        whole = words("whole")
        if rules.pop("name") != "WORD - reserved":
            raise ValueError("a name is a WORD that is not reserved")
        self.regex = {}
        for token in [name for name in rules if name.isupper()]:
            # What is left between literals and character classes is written alike in both notations, but for blanks.
            parts = re.split(rf"({LITERAL}|\[(?:\\.|[^\]])*\])", rules.pop(token))
            for i, part in enumerate(parts):
                if part.startswith("'"):
                    parts[i] = "(?:" + re.escape(part[1:-1]) + ")"
                elif not part.startswith("["):
                    parts[i] = re.sub(r"\s", "", part).replace("(", "(?:")
            self.regex[token] = "".join(parts) + (f"(?!{WORD_FOLLOWS})" if token in whole else "")
        self.rules = rules
        literals = {s[1:-1] for rule in rules.values() for s in re.findall(LITERAL, rule)}
        self.words = sorted(s for s in literals if s.isidentifier())
        self.signs = sorted(s for s in literals if not s.isidentifier())

    def to_lark(self) -> str:
        """The grammar in Lark's notation, for its basic lexer: start symbol `network`."""
        names = ["WORD"] + [f'"{word}"' for word in self.words if word not in self.reserved]
        lines = [f"name: {' | '.join(names)}"]
        for rule, body in self.rules.items():
            lines.append(f"{rule}: " + re.sub(LITERAL, lambda s: f'"{s[0][1:-1]}"', body).replace("\n", " "))
        for token, regex in self.regex.items():
            lines.append(f"{token}: /" + regex.replace("/", r"\/") + "/")
        lines += [f"%ignore {token}" for token in self.skipped]
        return "\n".join(lines) + "\n"

    def tokens(self, text: str) -> list[Token]:
        """The tokens of a text, longest match first; a character that begins none is a token of its own."""
        patterns = {**self.regex, "": "|".join(sorted(map(re.escape, self.signs), key=len, reverse=True))}
        compiled = {kind: re.compile(pattern) for kind, pattern in patterns.items()}
        found, at = [], 0
        while at < len(text):
            matches = {kind: pattern.match(text, at) for kind, pattern in compiled.items()}
            ends = {kind: match.end() for kind, match in matches.items() if match}
            kind = max(ends, key=ends.get, default="")
            end = ends.get(kind, at + 1)
            if kind not in self.skipped:
                found.append(Token(at, end, text[at:end]))
            at = end
        return found
