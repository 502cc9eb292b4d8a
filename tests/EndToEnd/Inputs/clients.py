"""Clients that know nothing of rnet are answered with the evaluator's bits, while all nodes are up and while one is dead.

clients.py --rnet RNET --directory DIR --weights W --data F.npz --examples EXAMPLES --proto DIR (--node-modules DIR | --stubs DIR)
           [--identity KEYS]
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy

from programs import Built, down_nodes
from serving import Serving

ROWS = 20
ATTEMPTS = 30


def ask(command, environment, requests):
    run = subprocess.run(command, env={**os.environ, **environment}, input=requests, stdout=subprocess.PIPE, text=True, timeout=90, check=True)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == ROWS, run.stdout
    return answers


def check(client, serving, requests, pattern, expected, built):
    """All rows equal the evaluator's."""
    command, environment = client(serving)
    for _ in range(ATTEMPTS):
        answers = ask(command, environment, requests)
        assert not any(set(pattern["down"]) & set(answer.get("nodes", "").split(",")) for answer in answers), answers
        if all(answer.get("hyperconnections") == ",".join(pattern["used"]) for answer in answers):
            break  # else a live node was suspected, on a machine that is too busy
    else:
        raise AssertionError(f"{command}: {answers}")
    got = numpy.array([answer[built.output] for answer in answers], dtype=numpy.float32)
    assert got.tobytes() == expected.tobytes(), (command, got, expected)
    assert [answer[built.output + "_class"] for answer in answers] == [[int(row.argmax())] for row in expected], answers
    for answer in answers:
        assert [answer["expected_accuracy"], answer["expected_accuracy_low"], answer["expected_accuracy_high"]] == [
            pattern["accuracy"], *pattern["interval"]], answer
        assert 0 < answer["latency_ms"] < 10000, answer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rnet", "directory", "weights", "data", "examples", "proto"):
        parser.add_argument("--" + name, required=True)
    for name in ("node-modules", "stubs"):
        parser.add_argument("--" + name)
    parser.add_argument("--identity", help="what rnet keys wrote: the nodes talk over mutual TLS")
    options = parser.parse_args()
    folder = pathlib.Path(options.examples) / "clients"
    model = Built(options.directory).json["network"]
    if options.stubs:
        clients = [
            lambda serving: ([sys.executable, folder / "http_client.py", serving.http, model], {}),
            lambda serving: ([sys.executable, folder / "http_client.py", serving.http, model, "--binary"], {}),
            lambda serving: ([sys.executable, folder / "grpc_client.py", serving.grpc, model], {"PYTHONPATH": options.stubs}),
        ]
    else:
        proto = pathlib.Path(options.proto) / "inference.proto"
        clients = [
            lambda serving: (["node", folder / "http_client.mjs", serving.http, model], {}),
            lambda serving: (["node", folder / "grpc_client.cjs", proto, serving.grpc, model], {"NODE_PATH": options.node_modules}),
        ]
    built = Built(options.directory)
    with tempfile.TemporaryDirectory() as scratch:
        outputs = built.evaluate(options.weights, options.data, pathlib.Path(scratch) / "p.npz")
    inputs = built.rows(options.data, outputs["rows"][:ROWS])
    rows = [dict(zip(inputs, map(numpy.ndarray.tolist, row))) for row in zip(*inputs.values())]
    requests = "".join(json.dumps({"inputs": row}) + "\n" for row in rows)
    table = json.loads(pathlib.Path(options.weights.removesuffix(".safetensors") + ".accuracy.json").read_text())["patterns"]
    downs = down_nodes(outputs)
    with Serving(options.rnet, options.directory, options.weights, *(["--identity", options.identity] if options.identity else [])) as serving:
        for down in ([], ["fog2"]):
            serving.kill(down)
            k = downs.index(down)
            for client in clients:
                check(client, serving, requests, table[k], outputs[f"output/{k}"][:ROWS], built)
    print(f"{len(clients)} clients, {ROWS} rows each: the evaluator's bits, also with fog2 dead")


if __name__ == "__main__":
    main()
