"""Beside `rnet analyze`: the flow of a network over links with each candidate of `rnet place`, and with the best two. place_links.py RNET SPEC"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import itertools
import json
import subprocess
import sys

RNET, SPEC = sys.argv[1:]
SETTING = "hazardous"


def call(*arguments):
    return json.loads(subprocess.run([RNET, *arguments], capture_output=True, text=True, check=True).stdout)


def place(*arguments):
    return call("place", SPEC, f"--setting={SETTING}", "--json", *arguments)


def analyze(skips):
    """The flow, as the other command has it, whose way over links is that of the compiled skip."""
    return call("analyze", SPEC, "--json", *(f"--with={skip}" for skip in skips))["settings"][SETTING]["flow"]


candidates = place("--budget=count=1")["candidates"]
for candidate in candidates:
    after = place(f"--take={candidate['from']}_to_{candidate['to']}")["settings"][SETTING]["flow_after"]
    assert abs(after - analyze([candidate["skip"]])) < 1e-12, candidate
for count in (1, 2):
    best = max(analyze(each["skip"] for each in chosen) for chosen in itertools.combinations(candidates, count))
    found = place(f"--budget=count={count}")
    assert found["exact"] and abs(found["settings"][SETTING]["flow_after"] - best) < 1e-12, (found, best)
print(f"{len(candidates)} candidates: each alone, and the best two, have the flow that rnet analyze finds")
