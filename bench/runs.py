"""What the comparisons share: names, and what they take from rnet's own scripts in tools/."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))
from shared.runs import call, digest, kept, run_all, table  # noqa: E402, F401
from shared.summary import summarize  # noqa: E402

SCHEMES = ("vanilla", "dfg", "resilinet", "resilinet+")
SETTINGS = ("normal", "poor", "hazardous")
SPLITS = ("random", "subjects")  # of the MHEALTH data


def spread(values):
    """Of percentages, one a seed: mean ± standard deviation (95 % interval of the mean)."""
    return str(summarize([value / 100 for value in values]))


def split_flags(split, seed):
    """Of NET-train: another random split for each seed; or subjects 1 to 8 for training, 9 for validation and 10 for the test."""
    return ("--split-seed", seed) if split == "random" else ("--split", "contiguous", "--split-by", "subject")
