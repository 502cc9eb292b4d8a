"""The plots of a report, each from plain numbers."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
from shared.figures import GRID, INK, MUTED, PAPER, SERIES, draw

WIDTH = 10.6  # inches: what a page of 1280 pixels has room for
MOST_BARS = 32  # failure patterns, one bar each
# Who answers in a failure pattern, by whether information flows and whether an exit answers: a place among colours; none for a guess.
ANSWERED = {(True, False): 0, (True, True): 2, (False, False): None}


def colour(k):
    return SERIES[k % len(SERIES)]


def limits_percent(axes, axis, values, least=2.0):
    """Limits around `values`, in percent, that leave room for what is drawn around a point and never pass 100 by much."""
    low, high = min(values), max(values)
    room = max(0.06 * (high - low), least / 2)
    getattr(axes, f"set_{axis}lim")(max(-1, low - room), min(101, high + room))


def training_curves(runs):
    """`runs`: (group, history), histories of one group in one colour. Loss and validation accuracy over epochs; the kept epoch is marked."""

    def plot(axes):
        for (panel, title, key, factor), area in zip(
            (("loss", "Loss in training", "loss", 1), ("accuracy", "Validation accuracy, %", "validation_accuracy", 100)), axes
        ):
            area.set_title(title)
            area.set_xlabel("epoch")
            for group, history in runs:
                values = [float("nan") if value is None else factor * value for value in history[key]]
                epochs = range(1, len(values) + 1)
                area.plot(epochs, values, color=colour(group), linewidth=1.4, marker="o" if len(values) < 3 else None, markersize=4, alpha=0.85)
                best = history["best_epoch"]
                if panel == "accuracy" and 0 < best <= len(values):
                    area.plot([best], [values[best - 1]], "o", color=colour(group), markersize=6, markeredgecolor=PAPER)
            area.xaxis.get_major_locator().set_params(integer=True)
            area.margins(x=0.02)

    return draw("curves", "Loss in training and validation accuracy over the epochs of each run; below as a table", WIDTH, 3.3, plot, columns=2)


def pattern_accuracy(name, patterns, guess, measure):
    """A bar for each failure pattern, (label, nodes down, one of ANSWERED, accuracy in percent)."""

    def plot(axes):
        for place, (label, down, answered, accuracy) in enumerate(patterns):
            if answered is None:
                axes.barh(place, accuracy, height=0.72, color="none", edgecolor=MUTED, hatch="////", linewidth=0.8)
            else:
                axes.barh(place, accuracy, height=0.72, color=colour(answered), alpha=1 - 0.16 * min(down, 4))
            axes.text(accuracy + 0.8, place, f"{accuracy:.1f}", va="center", fontsize=9)
        axes.set_yticks(range(len(patterns)), [pattern[0] for pattern in patterns])
        axes.invert_yaxis()
        axes.set_xlim(0, 106)
        axes.set_xticks(range(0, 101, 20))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel(f"{measure}, %")
        if guess is not None:
            axes.axvline(guess, color=SERIES[1], linewidth=1.4, linestyle=(0, (4, 2)))

    return draw(name, "Accuracy under each failure pattern; below as a table", WIDTH, 0.9 + 0.27 * len(patterns), plot)


def pattern_cloud(name, patterns, guess, measure):
    """Where patterns are too many for bars: accuracy over how many nodes are down, a dot for each pattern."""

    def plot(axes):
        places = {}
        for label, down, answered, accuracy in patterns:
            places.setdefault(down, []).append((accuracy, answered))
        for down, dots in places.items():
            for k, (accuracy, answered) in enumerate(sorted(dots, key=lambda dot: dot[0])):
                shift = 0.6 * ((k * 0.618034) % 1 - 0.5) if len(dots) > 1 else 0  # spread, the same on every run
                marker, fill = ("x", MUTED) if answered is None else ("o", colour(answered))
                axes.plot([down + shift], [accuracy], marker, color=fill, markersize=4, alpha=0.75)
        axes.set_xticks(sorted(places))
        axes.set_ylim(-2, 102)
        axes.set_xlabel("nodes down")
        axes.set_ylabel(f"{measure}, %")
        axes.grid(axis="x", visible=False)
        if guess is not None:
            axes.axhline(guess, color=SERIES[1], linewidth=1.4, linestyle=(0, (4, 2)))

    return draw(name, "Accuracy under each failure pattern, by how many nodes are down; the most probable ones below as a table", WIDTH, 3.6, plot)


def settings(names, limits, series):
    """What may be expected under each reliability setting, in percent: `limits` is what information flow allows, `series` are the values
    of each network, (group, values)."""

    def plot(axes):
        size = 0.7 / max(1, len(series))
        for place, limit in enumerate(limits):
            axes.barh(place, limit, height=0.78, color=GRID)
            for k, (group, values) in enumerate(series):
                y = place + (k - (len(series) - 1) / 2) * size
                axes.barh(y, values[place], height=size * 0.8, color=colour(group))
                axes.text(values[place] - 0.8, y, f"{values[place]:.1f}", va="center", ha="right", fontsize=9, color=PAPER)
            axes.text(limit + 0.8, place, f"{limit:.1f}", va="center", fontsize=9)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlim(0, 106)
        axes.set_xticks(range(0, 101, 20))
        axes.tick_params(axis="y", length=0)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("%")

    return draw("settings", "Expected accuracy under each reliability setting, and the limit that information flow sets; below as a table", WIDTH, 0.7 + len(names) * max(0.42, 0.3 * len(series)), plot)


def comparison(name, variants, quantities):
    """Variants below each other, a panel for each quantity: the mean, and the 95 % interval of the mean.

    `quantities`: (title, [(mean, low, high)]) in percent; low and high are None where one run gives no interval.
    """

    def plot(axes):
        panels = [axes] if len(quantities) == 1 else axes
        for area, (title, values) in zip(panels, quantities):
            area.set_title(title)
            ends = []
            for place, (mean, low, high) in enumerate(values):
                if low is not None:
                    low, high = max(low, 0), min(high, 100)
                    area.plot([low, high], [place, place], color=colour(0), linewidth=5, alpha=0.35, solid_capstyle="butt")
                    ends += [low, high]
                area.plot([mean], [place], "o", color=colour(0), markersize=6)
                ends.append(mean)
            limits_percent(area, "x", ends)
            area.xaxis.get_major_locator().set_params(nbins=4)
            area.tick_params(axis="y", length=0)
            area.set_xlabel("%")
            area.set_ylim(len(variants) - 0.5, -0.5)
        panels[0].set_yticks(range(len(variants)), variants)

    return draw(name, "Mean accuracy of each variant, and the 95 % interval of the mean; below as a table", WIDTH, 1.1 + 0.32 * len(variants), plot, columns=len(quantities), sharey=True)


def strategies(name, baselines, measure):
    """Expected accuracy of strategies over the reliability of nodes, and the 95 % interval of the mean; `baselines` as experiment.json has
    it. Crossovers are marked. Both axes are logarithmic in what is missing to 1: differences near it are what there is to see."""

    def missing(accuracy):
        """In percent, and no less than a logarithm can show."""
        return max(0.01, 100 * (1 - accuracy))

    def plot(axes):
        unreliability = [1 - p for p in baselines["reliability"]]
        shown = [strategy for strategy in baselines["strategies"] if strategy["shown"]]
        for k, strategy in enumerate(shown):
            means, lows, highs = ([None if value is None else missing(value) for value in values] for values in zip(*strategy["curve"]))
            if None not in lows:
                axes.fill_between(unreliability, lows, highs, color=colour(k), alpha=0.1, linewidth=0)
            axes.plot(unreliability, means, color=colour(k), linewidth=1.8, label=strategy["name"], linestyle="-" if k % 2 == 0 else (0, (5, 1.5)))
        for crossover in baselines["crossovers"]:
            axes.plot([1 - crossover["reliability"]], [missing(crossover["accuracy"])], "o", markerfacecolor=PAPER, markeredgecolor=INK, markersize=4.5, zorder=3)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlim(unreliability[0], unreliability[-1])  # the greatest first: reliability grows to the right
        ends = [missing(point[0]) for strategy in shown for point in strategy["curve"]]
        low, high = min(ends) / 1.15, max(ends) * 1.15
        axes.set_ylim(high, low)
        ticks = (0.5, 0.7, 0.9, 0.97, 0.99, 0.997, 0.999, 0.9997, 0.9999)
        axes.set_xticks([1 - p for p in ticks], [f"{p}" for p in ticks])
        ticks = [m * 10**k for k in (-2, -1, 0, 1) for m in (1, 1.5, 2, 3, 5, 7) if low <= m * 10**k <= high]
        axes.set_yticks(ticks, [f"{100 - tick:g}" for tick in ticks])
        axes.minorticks_off()
        axes.set_xlabel("probability p that a node is up, for each of those that can fail")
        axes.set_ylabel(f"expected {measure}, %")
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)

    return draw(name, f"Expected {measure} of each strategy over the reliability of nodes, with crossovers marked; below as a table", WIDTH, 4.4, plot)
