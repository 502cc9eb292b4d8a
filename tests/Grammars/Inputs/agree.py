"""grammars/rnet.ebnf and the parser accept the same texts: agree.py SOURCE RNET FOLDER

Lark makes a parser of the grammar's own text. It and `rnet check` must agree on every example, every spec of the lit
tests, random sentences of the grammar, broken ones, mutants of the examples and every mutant of everything.rnet, which
shows what the grammar may lack: keep it complete.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import collections
import pathlib
import random
import sys
from typing import Iterator

import lark

import specs
from ebnf import Grammar

SENTENCES = 600
MUTANTS = 400  # of an example; of everything.rnet, all
WORDS = ["a", "b", "_1", "nodes", "at_", "class", "f32", "Input", "repeat3"]
SAMPLES = {
    "WORD": WORDS,
    "NUMBER": ["0", "250", "0.5", "1e-3", "2.5E+10", "7e2"],
    "SIZE": ["3x3", "1x20x3"],
    "STRING": ['""', '"a // b"', '"(}"'],
}


class Sentences:
    """Random sentences of a grammar, by the plain rules that Lark made of it."""

    def __init__(self, parser: lark.Lark, rng: random.Random):
        self.rng = rng
        self.terminals = {t.name: t for t in parser.terminals}
        self.rules = collections.defaultdict(list)
        for rule in parser.rules:
            self.rules[rule.origin.name].append(rule.expansion)
        self.unused = {(name, i) for name, rules in self.rules.items() for i in range(len(rules))}
        # The least depth of a tree below each symbol.
        self.depths = dict.fromkeys(self.terminals, 0)
        while len(self.depths) < len(self.terminals) + len(self.rules):
            for name, rules in self.rules.items():
                known = [self.depth(r) for r in rules if all(s.name in self.depths for s in r)]
                if known and name not in self.depths:
                    self.depths[name] = 1 + min(known)

    def depth(self, expansion: list) -> int:
        return max((self.depths[s.name] for s in expansion), default=0)

    def make(self, symbol: str, depth: int) -> list[str]:
        if symbol in SAMPLES:
            return [self.rng.choice(SAMPLES[symbol])]
        if symbol in self.terminals:
            return [self.terminals[symbol].pattern.value]
        rules = list(enumerate(self.rules[symbol]))
        fits = [r for r in rules if self.depth(r[1]) < depth]
        fits = fits or [min(rules, key=lambda r: self.depth(r[1]))]
        # What was not used yet goes first.
        fresh = [r for r in fits if (symbol, r[0]) in self.unused]
        i, expansion = self.rng.choice(fresh or fits)
        self.unused.discard((symbol, i))
        return [word for s in expansion for word in self.make(s.name, depth - 1)]


def join(tokens: list[str], rng: random.Random) -> str:
    """A text of these tokens, here and there without blanks where none is needed."""
    text = ""
    for token in tokens:
        runs_on = text and (text[-1].isalnum() or text[-1] == "_") and (token[0].isalnum() or token[0] == "_")
        runs_on = runs_on or text[-1:] + token[0] in ("//", "->")
        text += ("" if not runs_on and rng.random() < 0.5 else rng.choice([" ", "\n", "  // '\" {\n"])) + token
    return text


def doubled_pairs(text: str, grammar: Grammar) -> Iterator[str]:
    """Every two tokens written twice: what may stand once does not become what may stand often."""
    tokens = grammar.tokens(text)
    for first, second in zip(tokens, tokens[1:]):
        pair = text[first.begin : second.end]
        yield f"{text[: second.end]} {pair} {text[second.end :]}"


def main(source: pathlib.Path, rnet: str, folder: pathlib.Path) -> None:
    grammar = Grammar(source / "grammars" / "rnet.ebnf")
    earley, lalr = (lark.Lark(grammar.to_lark(), start="file", parser=kind, lexer="basic") for kind in ("earley", "lalr"))

    def accepts(parser: lark.Lark, text: str) -> bool:
        try:
            parser.parse(text)
        except lark.exceptions.UnexpectedInput:
            return False
        return True

    def compare(what: str, texts: list[str], parser: lark.Lark, least: int) -> None:
        """At least `least` texts are to be accepted, and the rest is to be refused."""
        # The formatter stops behind the parser.
        said = specs.run([rnet, "fmt", "--check"], texts, folder / what.replace(" ", "-"))
        verdicts = [not specs.is_syntax_error(messages) for messages in said]
        accepted = 0
        for i, (text, verdict) in enumerate(zip(texts, verdicts)):
            by_grammar = accepts(parser, text)
            accepted += by_grammar
            if verdict != by_grammar:
                says = {True: "accepts", False: "refuses"}
                sys.exit(f"{what} {i}: rnet {says[verdict]} what the grammar {says[by_grammar]}:\n{text}")
        if accepted < least:
            sys.exit(f"{what}: only {accepted} of {len(texts)} are accepted")
        print(f"{what}: {accepted} accepted, {len(texts) - accepted} refused")

    examples = list(specs.examples(source).values())
    # Earley's algorithm knows no conflicts; LALR(1), much faster, shows that the grammar has none.
    written = examples + list(specs.test_specs(source).values())
    compare("specs", written, earley, len(written) // 2)
    compare("specs again", written, lalr, len(written) // 2)
    rng = random.Random(1)
    sentences = Sentences(lalr, rng)
    made = [sentences.make("file", 6 + i % 16) for i in range(SENTENCES)]
    if sentences.unused:
        sys.exit(f"no sentence has {sentences.unused}")
    texts = [join(tokens, rng) for tokens in made]
    compare("sentences", texts, lalr, len(texts))
    broken = []
    for text in filter(grammar.tokens, texts):
        tokens = [t.text for t in grammar.tokens(text)]
        at = rng.randrange(len(tokens))
        tokens[at : at + 1] = rng.choice([[], [tokens[at]] * 2, [rng.choice(tokens)], [rng.choice(grammar.words)]])
        broken.append(join(tokens, rng))
    compare("broken sentences", broken, lalr, 1)
    everything = (source / "tests/Grammars/Inputs/everything.rnet").read_text()
    for text in [*examples, everything]:
        mutants = [m.text for m in specs.mutants(text, grammar)]
        compare("mutants", mutants if text == everything else rng.sample(mutants, min(len(mutants), MUTANTS)), lalr, 1)
    compare("doubled pairs", list(doubled_pairs(everything, grammar)), lalr, 1)


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3]))
