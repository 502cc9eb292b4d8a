"""What the comparisons share: names, and what they take from rnet's own scripts in tools/."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pathlib
import statistics
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from shared.runs import call, digest, kept, run_all, table  # noqa: E402, F401

SCHEMES = ("vanilla", "dfg", "resilinet", "resilinet+")
SETTINGS = ("normal", "poor", "hazardous")


def spread(values):
    """Mean and standard deviation over seeds."""
    return f"{statistics.mean(values):.1f} ± {statistics.pstdev(values):.1f}"
