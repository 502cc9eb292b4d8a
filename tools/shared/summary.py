"""What repeated runs say together: mean, standard deviation, 95 % interval of the mean by Student's t."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses
import math
import statistics
from typing import Optional


@dataclasses.dataclass(frozen=True)
class Summary:
    mean: float
    deviation: Optional[float]  # of the sample, n - 1; none for a single run, as for the interval
    low: Optional[float]
    high: Optional[float]

    def scaled(self, factor):
        """(mean, low, high), times a factor."""
        return tuple(None if value is None else factor * value for value in (self.mean, self.low, self.high))

    def __str__(self):
        """Mean ± deviation (interval), of fractions, in percent."""
        text = f"{100 * self.mean:.2f}"
        if self.deviation is not None:
            text += f" ± {100 * self.deviation:.2f} ({100 * self.low:.2f} to {100 * self.high:.2f})"
        return text


def summarize(values, confidence=0.95):
    mean = statistics.mean(values)
    if len(values) < 2:
        return Summary(mean, None, None, None)
    deviation = statistics.stdev(values)
    half = t_quantile((1 + confidence) / 2, len(values) - 1) * deviation / math.sqrt(len(values))
    return Summary(mean, deviation, mean - half, mean + half)


def t_quantile(probability, freedom):
    """The t that Student's distribution of `freedom` degrees is below with this probability, of one half and more.

    Debian's SciPy has it, but cannot be installed beside the Boost that rnet's parser needs.
    """
    low, high = 0.0, 1.0
    while _t_below(high, freedom) < probability:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _t_below(middle, freedom) < probability else (low, middle)
    return (low + high) / 2


def _t_below(t, freedom):
    """The distribution function, t >= 0: a finite sum for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4)."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, odd = math.cos(angle), freedom % 2
    term, total = (cosine, 0.0) if odd else (1.0, 0.0)
    for k in range(1 + odd, freedom, 2):
        total += term
        term *= k / (k + 1) * cosine * cosine
    between = 2 / math.pi * (angle + math.sin(angle) * total) if odd else math.sin(angle) * total
    return (1 + between) / 2
