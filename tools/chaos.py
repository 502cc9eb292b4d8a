"""The command line of `rnet chaos`."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

import numpy

from faults.deployment import Deployment
from faults.load import Load
from faults.plan import Tormentor, draw_plan, draw_setting, read_plan
from faults.verdict import Truth, compare, expect, holds, judge, write_json, write_text
from shared.command import Failure, run_main
from shared.command import write_text as write_file


def parse():
    parser = argparse.ArgumentParser(
        prog="rnet chaos",
        usage="rnet chaos DIR --weights W --data DATA.npz [--plan FILE | --random SEED | --setting NAME] [--seconds N] [--every S] [--rate R] [--deadline MS] [--keys KEYS] [-o OUT]",
        description="Runs a built network on this machine under a steady load, hurts its nodes, and says what clients saw: nodes are killed and started again, stopped, "
        "slowed, cut off, delayed, their bytes corrupted. Every answer is compared, bit for bit, with the evaluator's for the hyperconnections that it names. "
        "Exit status: 0 where all promises held, 1 where one was broken, or after an error.",
    )
    parser.add_argument("directory", type=pathlib.Path, metavar="DIR", help="what rnet build -o wrote")
    parser.add_argument("--weights", type=pathlib.Path, required=True, metavar="W")
    parser.add_argument("--data", type=pathlib.Path, required=True, metavar="DATA.npz", help="rows to ask, all of them in turn; best such as training has not seen")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--plan", type=pathlib.Path, metavar="FILE", help='a JSON list of {"at": 1.5, "kind": "kill", "node": "fog2", "for": 2}, in seconds')
    what.add_argument("--random", type=int, metavar="SEED", help="faults of all kinds at nodes that can fail; nodes of inputs and outputs are only slowed (default: seed 1)")
    what.add_argument("--setting", metavar="NAME", help="nodes are down as often as in that reliability setting; accuracy over all requests is compared with what the table expects")
    parser.add_argument("--seconds", type=float, default=120, metavar="N", help="default: 120")
    parser.add_argument("--every", type=float, default=1.5, metavar="S", help="seconds from fault to fault, on average (default: 1.5)")
    parser.add_argument("--rate", type=float, default=20, metavar="R", help="requests a second (default: 20)")
    parser.add_argument("--deadline", type=float, default=1000, metavar="MS", help="of each request (default: 1000)")
    parser.add_argument("--keys", type=pathlib.Path, metavar="KEYS", help="what rnet keys wrote: mutual TLS between nodes; without, no bytes are corrupted")
    parser.add_argument("-o", "--output", type=pathlib.Path, metavar="OUT", help="default: DIR/chaos; chaos.json, chaos.txt, the plan, logs of the nodes")
    options = parser.parse_args()
    options.output = options.output or options.directory / "chaos"
    return options


def predict(options, network, cut=()):
    """The evaluator's outputs for all rows in every failure pattern, without some hyperconnections."""
    with tempfile.TemporaryDirectory() as scratch:
        predictions = pathlib.Path(scratch) / "predictions.npz"
        program = options.directory / "bin" / f"{network['network']}-evaluate"
        words = ["--weights", options.weights, "--data", options.data, "--all", "--predictions", predictions]
        words += ["--cut", ",".join(cut)] if cut else []
        done = subprocess.run([program, *words], capture_output=True, text=True)
        if done.returncode != 0:
            raise Failure(f"the evaluator failed: {done.stderr.strip()}")
        return dict(numpy.load(predictions))


def read_table(options):
    table = options.weights.with_suffix(".accuracy.json")
    if not table.exists():
        raise Failure(f"'{table}' is missing: NET-evaluate --weights {options.weights} writes it")
    return json.loads(table.read_text())


def read_rows(path, network):
    """Inputs by name, and the labels, if there are any."""
    try:
        arrays = dict(numpy.load(path))
    except (OSError, ValueError, TypeError) as error:
        raise Failure(f"'{path}' is no .npz: {error}") from None
    inputs = {given["name"]: arrays.get(given["name"], arrays.get("x") if len(network["inputs"]) == 1 else None) for given in network["inputs"]}
    for name, array in inputs.items():
        if array is None:
            raise Failure(f"'{path}' has no array '{name}'")
    labels = next((arrays[name] for name in (network["outputs"][0]["name"], "y", "label", "labels") if name in arrays), None)
    return {name: array.astype("f4") for name, array in inputs.items()}, labels


def main():
    options = parse()
    try:
        network = json.loads((options.directory / "network.json").read_text())
    except (OSError, ValueError):
        raise Failure(f"'{options.directory}' holds no built network: run rnet build first") from None
    inputs, labels = read_rows(options.data, network)
    table = read_table(options)
    seed = 1 if options.random is None else options.random
    if options.setting and labels is None:
        raise Failure(f"'{options.data}' has no labels, and accuracy is what --setting is about")
    if options.plan:
        plan = read_plan(options.plan, network)
    elif options.setting:
        plan = draw_setting(network, options.setting, seed, options.seconds)
        expectation = expect(table, network, options.setting)
    else:
        plan = draw_plan(network, seed, options.seconds, options.every, corrupt=bool(options.keys))
    truth = Truth(table, network, lambda cut=(): predict(options, network, cut))
    options.output.mkdir(parents=True, exist_ok=True)
    write_file(options.output / "plan.json", json.dumps([{"at": f.at, "kind": f.kind, "node": f.node, "for": f.seconds} for f in plan], indent=1) + "\n")

    deployment = Deployment(options, network, seed)
    tormentor = Tormentor(deployment, plan)
    deadline = options.deadline / 1000
    load = Load(deployment, tormentor, inputs, min(len(array) for array in inputs.values()), options.rate, deadline)
    steady = [node for node in network["nodes"] if not any(f.node == node and f.kind == "kill" for f in plan)]
    resources, finished = {node: [] for node in steady}, threading.Event()

    def watch():
        seconds = 0
        while not finished.wait(1):
            seconds += 1
            for node in steady:
                if found := deployment.resources(node):
                    resources[node].append(found)
            done = sum(request.outcome == "answered" for request in list(load.requests))
            if sys.stderr.isatty() or seconds % 10 == 0:
                say(f"{time.monotonic() - load.begin:6.0f} of {options.seconds:.0f} s, {tormentor.done} of {len(plan)} faults, {done} of {len(load.requests)} requests answered")

    watcher = threading.Thread(target=watch)
    try:
        deployment.start()
        load.begin = time.monotonic()
        watcher.start()
        tormentor.start()
        load.run(options.seconds)
    except KeyboardInterrupt:
        load.stop()
        print("\ninterrupted: what follows is of the time until then", file=sys.stderr)
    finally:
        finished.set()
        if watcher.is_alive():
            watcher.join()
        tormentor.finish()
        deployment.stop()
    verdict = judge(load, truth, labels, tormentor, deployment, resources, deadline)
    verdict |= {"network": network["network"], "seconds": options.seconds, "rate": options.rate, "deadline_ms": options.deadline, "keys": bool(options.keys), "broken": holds(verdict)}
    if options.setting:
        verdict["setting"] = compare(load, expectation, labels)
    text = write_text(verdict)
    write_file(options.output / "chaos.json", write_json(verdict))
    write_file(options.output / "chaos.txt", text)
    print(text, end="")
    for sentence in verdict["broken"]:
        print(f"broken: {sentence}")
    print(f"rnet: all of it is in {options.output}", file=sys.stderr)
    return 1 if verdict["broken"] else 0


def say(line):
    """A line that replaces the one before on a terminal, and stands for itself elsewhere."""
    terminal = sys.stderr.isatty()
    print(f"\r{line}" if terminal else line, end="" if terminal else "\n", file=sys.stderr, flush=True)


if __name__ == "__main__":
    run_main(main)
