"""Health with its skips on standby, one process a node: what skips carry, by the metrics of their senders, while all is well, while the node
that they bypass is dead or stopped under load, and when it is back; every request is answered in time, with the bits that the evaluator has
for the hyperconnections that the answer names.

standby.py --directory DIR --weights W --data F.npz
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time

import numpy

from programs import Built

LIMIT = 90  # seconds for what must happen
DEADLINE = 5  # seconds for a request: a machine may be busy
SKIPS = ["iot_to_fog2", "edge_to_fog1", "fog2_to_cloud"]
WHOLE = ["iot_to_edge", "edge_to_fog2", "fog2_to_fog1", "fog1_to_cloud"]
ROUND = 20  # requests


class Door(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("local", timeout=LIMIT)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT)
        self.sock.connect(self.path)


class Network:
    """All nodes, each with a door of its own."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.nodes = Built(options.directory).json["nodes"]
        self.processes = {}
        for node in self.nodes:
            self.start(node)

    def start(self, node):
        peers = (word for peer in self.nodes if peer != node for word in ("--peer", f"{peer}=unix:{self.folder}/{peer}"))
        self.processes[node] = subprocess.Popen(
            [f"{self.options.directory}/bin/health-{node}", "--weights", self.options.weights, "--listen", f"unix:{self.folder}/{node}",
             "--http", f"unix:{self.folder}/{node}.http", "--deadline", str(1000 * DEADLINE), *peers],
            stderr=open(f"{self.folder}/{node}.log", "a"),
        )  # fmt: skip

    def call(self, node, method, path, body=None):
        door = Door(f"{self.folder}/{node}.http")
        try:
            door.request(method, path, body)
            answer = door.getresponse()
            return answer.status, answer.read()
        finally:
            door.close()

    def sent(self):
        """Bytes so far, by hyperconnection, of the nodes that are up."""
        found = {}
        for node in ("iot", "edge", "fog2", "fog1"):
            if self.processes[node].poll() is None:
                metrics = self.call(node, "GET", "/metrics")[1].decode()
                found |= {name: int(count) for name, count in re.findall(r'^rnet_sent_bytes_total\{hyperconnection="(\w+)"\} (\d+)', metrics, re.M)}
        return found

    def stop(self):
        for process in self.processes.values():
            process.send_signal(signal.SIGCONT)
            process.terminate()
        for process in self.processes.values():
            process.wait(timeout=LIMIT)
        said = "".join(pathlib.Path(self.folder, f"{node}.log").read_text() for node in self.nodes)
        assert "Sanitizer" not in said, said


class Client:
    def __init__(self, network, rows, truth):
        self.network, self.rows, self.truth, self.asked = network, rows, truth, 0

    def ask(self):
        """The hyperconnections that the answer to the next row rests on; nothing: there is none."""
        k, self.asked = self.asked % len(self.rows), self.asked + 1
        tensor = {"name": "sensors", "datatype": "FP32", "shape": [1, 23], "data": self.rows[k].tolist()}
        begin = time.monotonic()
        status, content = self.network.call("cloud", "POST", "/v2/models/health/infer", json.dumps({"inputs": [tensor]}))
        took, answer = time.monotonic() - begin, json.loads(content)
        if status != 200:
            return None
        used = answer["parameters"]["hyperconnections"]
        values = numpy.array(answer["outputs"][0]["data"], dtype=numpy.float32)
        assert values.tobytes() == self.truth[used][k].tobytes(), (used, "is not what the evaluator says")
        assert took < DEADLINE, took
        return used.split(",")

    def round(self):
        """What is sent for a round of requests, and what each answer rests on."""
        before = self.network.sent()
        answers = [self.ask() for _ in range(ROUND)]
        after = self.network.sent()
        return {name: after[name] - before[name] for name in after}, answers

    def until(self, holds):
        """The first round of which that holds: a machine that is busy may suspect live nodes for a while."""
        end = time.monotonic() + LIMIT
        while True:
            sent, answers = self.round()
            if None not in answers and holds(sent, answers):
                return sent
            assert time.monotonic() < end, (sent, answers)


class Load:
    """Asks all the time, in a thread, until the end of the block; all requests are answered."""

    def __init__(self, client):
        self.client, self.answers, self.failure = client, [], None
        self.thread, self.over = threading.Thread(target=self.run), threading.Event()

    def run(self):
        try:
            while not self.over.is_set():
                self.answers.append(self.client.ask())
        except BaseException as failure:  # for the main thread
            self.failure = failure

    def __enter__(self):
        self.thread.start()
        time.sleep(0.3)

    def __exit__(self, *_):
        time.sleep(0.7)
        self.over.set()
        self.thread.join()
        if self.failure:
            raise self.failure
        assert self.answers and None not in self.answers, "a request was not answered"


def quiet(sent, answers):
    return all(answer == WHOLE for answer in answers) and all(sent[name] == 0 for name in SKIPS)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("directory", "weights", "data"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    built = Built(options.directory)
    size = {link["name"]: link["bytes"] for link in built.json["hyperconnections"]}
    with tempfile.TemporaryDirectory() as folder:
        outputs = built.evaluate(options.weights, options.data, folder + "/outputs.npz")
        rows = built.rows(options.data, outputs["rows"])["sensors"]
        table = json.loads(pathlib.Path(options.weights).with_suffix(".accuracy.json").read_text())["patterns"]
        truth = {",".join(pattern["used"]): outputs[f"output/{k}"] for k, pattern in enumerate(table) if pattern["flow"]}
        network = Network(options, folder)
        try:
            for node in network.nodes:
                while not os.path.exists(f"{folder}/{node}.http"):
                    assert network.processes[node].poll() is None, pathlib.Path(folder, f"{node}.log").read_text()
                    time.sleep(0.02)
            client = Client(network, rows, truth)
            end = time.monotonic() + LIMIT
            while client.ask() != WHOLE:
                assert time.monotonic() < end, "no answer took the whole way"
            sent = client.until(quiet)
            print("all is well:", {name: sent[name] // ROUND for name in [*WHOLE, *SKIPS]})
            assert all(sent[name] == ROUND * size[name] for name in WHOLE)

            with Load(client):
                network.processes["fog2"].kill()
                network.processes["fog2"].wait()
            around = ["iot_to_edge", "edge_to_fog1", "fog1_to_cloud"]
            sent = client.until(lambda _, answers: all(answer == around for answer in answers))
            print("fog2 is dead:", {name: sent[name] // ROUND for name in around})
            assert sent["edge_to_fog1"] == ROUND * size["edge_to_fog1"]
            with Load(client):
                network.start("fog2")
            client.until(quiet)
            print("fog2 is back: skips are silent")

            with Load(client):
                network.processes["edge"].send_signal(signal.SIGSTOP)
            network.processes["edge"].send_signal(signal.SIGCONT)
            client.until(quiet)
            print("edge was stopped, and is back: skips are silent")
        finally:
            network.stop()


if __name__ == "__main__":
    main()
