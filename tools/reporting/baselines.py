"""How what is compared by --study baselines is worded, in tables and on pages; experiments/baselines.py finds it out."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import math

COSTS = ("machines", "parameters", "multiply-adds", "bytes")
CROSSOVER = ("at p", "accuracy there, %", "clear below p", "clear above p")


def cost_cells(costs):
    """What COSTS heads."""
    cells = [f"{costs[key]:,}" for key in ("machines", "parameters", "multiply_adds", "bytes")]
    if costs["most_bytes"] != costs["bytes"]:
        cells[-1] += f" to {costs['most_bytes']:,}"
    return cells


def crossover_cells(crossover):
    """What CROSSOVER heads."""
    below, above = crossover["clear"]
    return reliability(crossover["reliability"]), f"{100 * crossover['accuracy']:.2f}", *("–" if end is None else reliability(end) for end in (below, above))


def reliability(p):
    """With two digits of what is missing to 1."""
    return f"{p:.{max(3, 1 - math.floor(math.log10(1 - p)))}f}"
