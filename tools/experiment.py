"""The command line of `rnet experiment`."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import os
import pathlib
import shlex
import signal
import sys

from experiments.alone import HIDDEN
from experiments.baselines import compare
from experiments.results import MEASURES, describe, draw, write_table
from experiments.running import Plan, run_plan
from experiments.studies import SCHEMES, STUDIES, make_study
from shared.command import Failure, call_rnet, need_module, run_main, split_arguments, write_text

EPILOG = """\
studies:
  schemes                 vanilla, dfg, resilinet, resilinet+
  failout-rate            survival in training .95, .9, .7, .5, and that of each reliability setting
  hyperconnection-weight  1; by the reliability of the sender, as it is or as a share; at random
  sensitivity             every subset of the skip hyperconnections switched off, stand-ins for the same together
  placement               the skip hyperconnections that rnet place proposes, without data or with; others, or as many at random
  baselines               one machine alone, all in one place, 2 and 3 replicas of each node, skips: at which cost, and which
                          is best, for reliabilities of .5 to .9999, the same for all nodes that can fail

In DIR: experiment.json, table.md, a plot, builds/, runs/, and specs/ where the study writes some. Finished runs are kept: repeated
after Ctrl-C, or with more seeds, only the missing ones are made, and a run that was interrupted goes on. What follows a `--` goes to
every NET-train.
"""


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="rnet experiment", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=EPILOG,
        usage="rnet experiment SPEC --study STUDY --data DATA [-o DIR] [--seeds N] [--scheme S] [--epochs N] [--jobs N] [--measure M] [--list] [--count N] [--setting NAME] [--by flow|data] [--networks N] [--alone LAYERS] [-- OPTION...]",
        description="Trains and evaluates variants of a spec, several seeds each, and compares them.",
    )
    parser.add_argument("spec", type=pathlib.Path, metavar="SPEC", help="the .rnet file")
    parser.add_argument("--study", required=True, choices=STUDIES, metavar="STUDY", help="what varies: see below")
    parser.add_argument("--data", type=pathlib.Path, help="the dataset (docs/data.md)")
    parser.add_argument("-o", "--output", type=pathlib.Path, metavar="DIR", help="default: SPEC-STUDY")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="runs of each variant, seeds 1 to N (default: 5)")
    parser.add_argument("--scheme", choices=SCHEMES, default="resilinet+", help="of the variants, but for --study schemes (default: resilinet+)")
    parser.add_argument("--epochs", type=int, help="instead of the spec's")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs, or compilers, at a time (default: processors)")
    parser.add_argument("--measure", choices=MEASURES, metavar="M", help="accuracy or balanced (default: balanced where the recipe balances classes)")
    parser.add_argument("--list", action="store_true", help="print the variants, and what each is built and trained with; make nothing")
    parser.add_argument("--count", type=int, metavar="N", help="of --study placement: skip hyperconnections at most (default: 1)")
    parser.add_argument("--setting", metavar="NAME", help="of --study placement: the reliability setting that decides (default: the harshest)")
    parser.add_argument(
        "--by", choices=("flow", "data"), help="of --study placement: data: what rnet place --data chooses too, anew for each seed (default: flow)"
    )
    parser.add_argument("--networks", type=int, metavar="N", help="of --by data: trainings for each choice (default: 3)")
    parser.add_argument(
        "--alone", metavar="LAYERS", help=f"of --study baselines: what a machine alone computes before the last layer (default: {HIDDEN}, of images flattened)"
    )
    own, train = split_arguments(arguments)
    options = parser.parse_args(own)
    if options.data is None and not options.list:
        parser.error("the following arguments are required: --data")
    for name, study in (("count", "placement"), ("setting", "placement"), ("by", "placement"), ("networks", "placement"), ("alone", "baselines")):
        if getattr(options, name) is not None and options.study != study:
            parser.error(f"argument --{name}: only with --study {study}")
    if options.by == "data" and options.data is None:
        parser.error("argument --by: data needs --data")
    options.count = 1 if options.count is None else options.count
    options.networks = 3 if options.networks is None else options.networks
    for name in ("seeds", "jobs", "count", "networks"):
        if getattr(options, name) < 1:
            parser.error(f"argument --{name}: at least 1")
    options.train = train if options.epochs is None else ["--epochs", str(options.epochs), *train]
    return options


def main():
    arguments = sys.argv[1:]
    options = parse(arguments)
    work = options.work = options.output or pathlib.Path(f"{options.spec.stem}-{options.study}")
    network = json.loads(call_rnet("emit", options.spec, "--as=json", f"--scheme={options.scheme}"))
    study = make_study(options, network)
    if options.list:
        for variant in study.variants:
            for seed in range(1, options.seeds + 1) if variant.differs else (1,):
                flags = (shlex.quote(flag) for flag in (*variant.build_flags(seed), *variant.train))
                print(f"{variant.name}:", *flags, f"(seed {seed})" if variant.differs else "")
            print(variant.spec, end="")
        return 0
    if not options.data.exists():
        raise Failure(f"cannot read '{options.data}'")
    need_module("matplotlib", "python3-matplotlib")  # better now than after hours
    version = call_rnet("--version").split()[-1]
    plan = Plan(
        options.spec, network["network"], study.variants, range(1, options.seeds + 1), options.data, work, options.train, options.jobs, version
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        runs, data_digest = run_plan(plan)
    except KeyboardInterrupt:
        print(f"\ninterrupted: what is finished is in {work}; repeat the command to go on", file=sys.stderr)
        return 130
    experiment = describe(plan, options.study, study, runs, data_digest, shlex.join(["rnet", "experiment", *arguments]), options.measure)
    if options.study == "baselines":
        networks = {each["name"]: json.loads((work / each["folder"] / "network.json").read_text()) for each in experiment["variants"]}
        experiment["baselines"] = compare(experiment, networks)
    text = write_table(experiment)
    write_text(work / "experiment.json", json.dumps(experiment, indent=1) + "\n")
    write_text(work / "table.md", text)
    write_text(work / f"{options.study}.svg", draw(experiment))
    print(f"{experiment['network']}, {options.study}: {experiment['measure']} in %, {options.seeds} seeds\n\n{text}")
    print(f"rnet: all of it is in {work}; rnet report {work} makes a page of it", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
