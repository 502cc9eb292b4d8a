"""Plots as SVG text that goes into an HTML page, takes its colours and fonts from there, and is the same bytes on every run."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import io
import re
from xml.sax.saxutils import quoteattr

from shared.command import need_module

# What stands for a colour of the page while matplotlib draws: any colours that are not mixed up.
INK, MUTED, GRID, PAPER = "#010203", "#040506", "#070809", "#0a0b0c"
SERIES = tuple(f"#0{k}f0e{k}" for k in range(8))
_VARIABLES = {INK: "--ink", MUTED: "--muted", GRID: "--grid", PAPER: "--paper"} | {
    colour: f"--series{k}" for k, colour in enumerate(SERIES)
}
# The same where there is no page: a file of its own.
_PLAIN = dict(
    zip(
        _VARIABLES,
        ("#1b1f24", "#59636e", "#d1d9e0", "#ffffff", "#0072b2", "#d55e00", "#009e73", "#aa4499", "#b8860b", "#3b7f9e", "#7a5195", "#6b6b6b"),
    )
)
_STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "rnet",
    "font.size": 10,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
}


def draw(name, label, width, height, plot, columns=1, **layout):
    """SVG text of a figure of width x height inches. `plot(axes)` draws; axes is an array where there are several columns. `name` is
    unique in a page, `label` says what there is to see for who cannot, and `layout` goes to subplots."""
    need_module("matplotlib", "python3-matplotlib")
    import matplotlib.style
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.style.context(["default", _STYLE]):
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        plot(figure.subplots(1, columns, **layout))
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _tidy(text.getvalue(), name, label)


def _tidy(svg, name, label):
    """Without what only a file of its own needs, and with ids that no other figure has."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>\s*|<!--.*?-->\s*", "", svg, flags=re.S)
    svg = re.sub(r"font: (?:(\w+) )?([\d.]+)px [^;\"]*", lambda found: f"font-size: {found[2]}px" + (f"; font-weight: {found[1]}" if found[1] else ""), svg)
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r'(xlink:href="|url\()#', rf"\1#{name}-", svg)
    # Hundredths of a point are finer than any screen.
    svg = re.sub(r'\bd="[^"]*"', lambda path: re.sub(r"\d+\.\d{3,}", lambda number: f"{float(number[0]):.2f}", path[0]), svg)
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(colour, f"var({variable})")
    size = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    return re.sub(
        r"<svg [^>]*>", f'<svg class="figure" viewBox="0 0 {size[1]} {size[2]}" width="{float(size[1]) * 4 / 3:.0f}" role="img" aria-label={quoteattr(label)}>', svg, count=1
    ).replace("xlink:href", "href")


def standalone(svg):
    """The figure as a file of its own."""
    for colour, variable in _VARIABLES.items():
        svg = svg.replace(f"var({variable})", _PLAIN[colour])
    return '<?xml version="1.0" encoding="utf-8"?>\n' + re.sub(
        r"<svg ", '<svg xmlns="http://www.w3.org/2000/svg" font-family="sans-serif" style="background: #ffffff" ', svg, count=1
    )
