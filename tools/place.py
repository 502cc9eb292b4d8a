"""The command line of `rnet place --data`."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import os
import pathlib
import signal
import sys

from placing.choice import Question, choose
from shared.command import Failure, call_rnet, run_main, split_arguments

SCHEMES = ("dfg", "resilinet", "resilinet+")


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="rnet place",
        usage="rnet place SPEC --setting NAME --budget bytes=N|count=N --data DATA [-o DIR] [--scheme S] [--networks N] [--seed N] [--epochs N] "
        "[--samples N] [--threads N] [--json] [--write] [-- OPTION...]",
        description="Proposes the skip hyperconnections that raise expected accuracy most, for their cost. A network with every skip that there "
        "could be is trained, so that each row of each batch meets some of them; then sets of them are measured on the validation rows, under "
        "all failure patterns, with the others cut. Test rows are never looked at. What is made is kept in DIR: repeated after Ctrl-C, the "
        "command goes on. What follows a -- goes to NET-train. Without --data, rnet place chooses by information flow.",
    )
    parser.add_argument("spec", type=pathlib.Path, metavar="SPEC", help="the .rnet file")
    parser.add_argument("--setting", required=True, metavar="NAME", help="the reliability setting that decides")
    parser.add_argument("--budget", required=True, action="append", help="of all new skips together: bytes=N an inference, count=N, or both")
    parser.add_argument("--data", type=pathlib.Path, required=True, help="the dataset (docs/data.md)")
    parser.add_argument("-o", "--output", type=pathlib.Path, metavar="DIR", help="default: SPEC-place")
    parser.add_argument("--scheme", choices=SCHEMES, default="resilinet+", help="default: resilinet+")
    parser.add_argument("--networks", type=int, default=3, metavar="N", help="trainings, of which the mean counts (default: 3)")
    parser.add_argument("--seed", type=int, default=1, help="of the first training; the others' follow (default: 1)")
    parser.add_argument("--epochs", type=int, help="instead of the spec's")
    parser.add_argument("--samples", type=int, metavar="N", help="of the failure patterns, as NET-evaluate takes them (default: as it does)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), metavar="N", help="no result depends on it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--write", action="store_true", help="write the proposal into the spec")
    own, train = split_arguments(arguments)
    options = parser.parse_args(own)
    for name in ("networks", "threads"):
        if getattr(options, name) < 1:
            parser.error(f"argument --{name}: at least 1")
    options.budget = ",".join(options.budget)
    options.train = train if options.epochs is None else ["--epochs", str(options.epochs), *train]
    return options


def print_choice(choice, options):
    measure = "balanced accuracy" if choice.balanced else "accuracy"
    means = choice.means
    width = max([24, *map(len, choice.names)])
    print(f"{options.spec.stem}, scheme {options.scheme}: by {measure} expected in '{options.setting}', within {options.budget}\n")
    print(f"{'chosen':{width}}  {'gain':>8}  {'expected':>8}  {'of each training'}")
    for name, gain, mean, each in zip(
        ["(as it is)", *choice.names], [None, *(after - before for before, after in zip(means, means[1:]))], means, choice.worths
    ):
        print(f"{name:{width}}  {'' if gain is None else f'{gain:+.4f}':>8}  {mean:8.4f}  {' '.join(f'{worth:.4f}' for worth in each)}")
    print(
        f"\n{measure} on {choice.rows} validation rows, of a network with all {choice.candidates} candidates, those that are not chosen cut; "
        f"{choice.measured} sets measured"
    )
    if choice.omitted:
        print(f"no room for {len(choice.omitted)} dearer candidates: {', '.join(choice.omitted)}")
    print()


def main():
    options = parse(sys.argv[1:])
    if not options.data.exists():
        raise Failure(f"cannot read '{options.data}'")
    question = Question(
        options.spec, options.scheme, options.setting, options.budget, options.data, options.output or pathlib.Path(f"{options.spec.stem}-place"),
        options.train, list(range(options.seed, options.seed + options.networks)), options.threads, options.samples,
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        choice = choose(question)
    except KeyboardInterrupt:
        print(f"\ninterrupted: what is finished is in {question.folder}; repeat the command to go on", file=sys.stderr)
        return 130
    # The proposal, compiled; nothing where nothing is chosen.
    propose = ["place", options.spec, f"--scheme={options.scheme}", f"--setting={options.setting}", *(f"--take={name}" for name in choice.names)]
    propose += [f"--{flag}" for flag in ("json", "write") if getattr(options, flag)]
    proposal = call_rnet(*propose) if choice.names else ""
    if options.json:
        keys = ("names", "worths", "balanced", "rows", "candidates", "measured", "omitted")
        chosen = {key: getattr(choice, key) for key in keys}
        print(json.dumps({"schema": 1, "chosen": chosen, "proposal": json.loads(proposal) if proposal else None}, indent=1))
    else:
        print_choice(choice, options)
        print(proposal or "nothing is proposed: no candidate raises it\n", end="")
    return 0


if __name__ == "__main__":
    run_main(main)
