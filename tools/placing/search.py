"""Which candidates to take within a budget, where what a set of them is worth is known only by measuring it."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses

TRIED = 5  # candidates in exchange for each that is chosen: those that may gain most


@dataclasses.dataclass(frozen=True)
class Candidate:
    name: str  # of the hyperconnection
    sender: str
    bytes: int  # an inference


@dataclasses.dataclass(frozen=True)
class Budget:
    """Of all that are taken together. `may_send`: what nodes may send beside what they send already."""

    bytes: int | None = None
    count: int | None = None
    may_send: dict = dataclasses.field(default_factory=dict)

    def allows(self, chosen):
        sent = {}
        for candidate in chosen:
            sent[candidate.sender] = sent.get(candidate.sender, 0) + candidate.bytes
        return (
            (self.count is None or len(chosen) <= self.count)
            and (self.bytes is None or sum(sent.values()) <= self.bytes)
            and all(sent.get(node, 0) <= limit for node, limit in self.may_send.items())
        )


class Search:
    """Greedy choice, and exchanges of one candidate for another as long as they help.

    Lazy (Minoux, 1978): a candidate is taken to gain no more beside a set than it did beside a part of it, so that only those are measured
    that could still be the best. Where gains grow instead, by candidates that help each other, the best may be missed.
    """

    def __init__(self, candidates, budget, worth):
        """`worth(frozenset of names)`: more is better; asked once for each set. Candidates come in the order that decides between equals."""
        self._candidates, self._budget, self._measure = candidates, budget, worth
        self._worths = {}
        self._gains = {each: {} for each in candidates}  # beside which sets of names

    @property
    def measured(self):
        """How many sets."""
        return len(self._worths)

    def run(self):
        """The candidates that are worth most together, found so; each adds the most to those before it."""
        # By what a byte gains first: it is scarce. That leaves out what is dear and good, so by the whole gain as well.
        starts = [True, False] if self._budget.bytes is not None else [False]
        best = min((self._improve(per_byte) for per_byte in starts), key=self._rank)
        return self._order(best)

    def worth(self, chosen):
        key = frozenset(candidate.name for candidate in chosen)
        if key not in self._worths:
            self._worths[key] = self._measure(key)
        return self._worths[key]

    def _rank(self, chosen):
        """Less is better: worth, then bytes, then order."""
        return -self.worth(chosen), sum(candidate.bytes for candidate in chosen), sorted(map(self._candidates.index, chosen))

    def _improve(self, per_byte):
        chosen = self._grow([], per_byte)
        while True:
            better = self._exchange(chosen)
            if better is None:
                return chosen
            chosen = self._grow(better, per_byte)

    def _gain(self, candidate, chosen):
        gain = self.worth([*chosen, candidate]) - self.worth(chosen)
        self._gains[candidate][frozenset(each.name for each in chosen)] = gain
        return gain

    def _hope(self, candidate, chosen):
        """No less than it gains."""
        names = {each.name for each in chosen}
        return min((gain for beside, gain in self._gains[candidate].items() if beside <= names), default=float("inf"))

    def _grow(self, chosen, per_byte):
        """Adds what gains most, as long as something gains and fits."""
        while True:
            left = [each for each in self._candidates if each not in chosen and self._budget.allows([*chosen, each])]
            cost = {each: each.bytes if per_byte else 1 for each in left}
            hoped = {each: self._hope(each, chosen) / cost[each] for each in left}
            fresh = set()
            while left:
                best = min(left, key=lambda each: (-hoped[each], each.bytes, self._candidates.index(each)))
                if best in fresh:
                    break
                hoped[best] = self._gain(best, chosen) / cost[best]
                fresh.add(best)
            if not left or hoped[best] <= 0:
                return chosen
            chosen = [*chosen, best]

    def _exchange(self, chosen):
        """A set that is worth more, with one candidate for another; nothing where none is found."""
        for member in chosen:
            rest = [each for each in chosen if each != member]
            needed = self.worth(chosen) - self.worth(rest)
            others = [each for each in self._candidates if each not in chosen and self._budget.allows([*rest, each])]
            for other in sorted(others, key=lambda each: -self._hope(each, rest))[:TRIED]:
                if self._hope(other, rest) > needed and self._gain(other, rest) > needed:
                    return [*rest, other]
        return None

    def _order(self, chosen):
        ordered = []
        while len(ordered) < len(chosen):
            left = [each for each in self._candidates if each in chosen and each not in ordered]
            ordered.append(max(left, key=lambda each: self.worth([*ordered, each])))
        return ordered
