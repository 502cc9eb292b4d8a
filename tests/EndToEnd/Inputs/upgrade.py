"""Other weights come to a deployed network under load: no request is lost, every answer is, bit for bit, the evaluator's for the
generation that it names, and each node changes. A part of the requests, all of them, back again; a node that dies and one that
lacks the new weights; files that are refused.

upgrade.py --rnet RNET --directory DIR --data ROWS.npz --old W --new W --tools DIR
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import collections
import http.client
import json
import pathlib
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

import numpy

LIMIT = 90  # seconds for what must happen
DEADLINE = 10  # seconds of a request
ASKERS = 6


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Deployed:
    """What rnet deploy wrote, its units' commands run as they stand there."""

    def __init__(self, rnet, directory, weights, folder):
        self.network = json.loads((directory / "network.json").read_text())
        self.nodes, self.bundle = self.network["nodes"], folder / "bundle"
        ports = free_ports(len(self.nodes) + 1)
        self.door = f"127.0.0.1:{ports[-1]}"
        site = "".join(f'[nodes.{node}]\naddress = "127.0.0.1:{port}"\n' for node, port in zip(self.nodes, ports))
        (folder / "site.toml").write_text(site + f'[doors]\nhttp = "{self.door}"\ngrpc = ""\n')
        subprocess.run([rnet, "deploy", directory, "--weights", weights, "--to", "systemd", "--site", folder / "site.toml",
                        "--prefix", self.bundle, "-o", self.bundle], check=True, stderr=subprocess.DEVNULL)
        self.processes, self.events = {}, collections.defaultdict(list)

    def start(self, node):
        [unit] = (self.bundle / node).glob("*.service")
        command = unit.read_text().split("ExecStart=")[1].split("\nUser=")[0].replace("\\\n", " ")
        self.processes[node] = subprocess.Popen(shlex.split(command), stderr=subprocess.PIPE, text=True)
        threading.Thread(target=self._read, args=(node, self.processes[node].stderr), daemon=True).start()

    def _read(self, node, lines):
        for line in lines:
            if line.startswith("{"):  # gRPC has a format of its own
                self.events[node].append(json.loads(line))

    def kill(self, node):
        self.processes[node].kill()
        self.processes[node].wait()

    def said(self, node, event, since=0):
        return [each for each in self.events[node][since:] if each["event"] == event]

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.door, timeout=DEADLINE + 5)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def shares(self):
        return {each["name"]: each["share"] for each in self.ask("GET", "/status")[1]["generations"]}

    def states(self):
        return {node["name"]: node["state"] for node in self.ask("GET", "/status")[1]["nodes"]}

    def stop(self):
        for process in self.processes.values():
            process.terminate()
        return [process.wait(timeout=LIMIT) for process in self.processes.values()]


def until(what, holds):
    limit = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < limit, what
        time.sleep(0.05)


class Load:
    """Clients that ask all the time; refused, they ask again, as one does."""

    def __init__(self, deployed, rows):
        self.deployed, self.rows = deployed, rows
        [given] = deployed.network["inputs"]
        self.bodies = [json.dumps({"inputs": [{"name": given["name"], "datatype": "FP32", "shape": [1, *given["shape"]], "data": row}],
                                   "parameters": {"timeout": DEADLINE * 1_000_000}}) for row in rows.tolist()]
        self.path = f"/v2/models/{deployed.network['network']}/infer"
        self.answers, self.refused, self.lost, self.stopping = [], [], [], False
        self.threads = [threading.Thread(target=self._work, args=(k,)) for k in range(ASKERS)]
        for thread in self.threads:
            thread.start()

    def _work(self, row):
        while not self.stopping:
            row = (row + ASKERS) % len(self.rows)
            begin = time.monotonic()
            for _ in range(20):
                try:
                    status, answer = self.deployed.ask("POST", self.path, self.bodies[row])
                except Exception as error:  # none may get lost, whatever the reason
                    self.lost.append(repr(error))
                    break
                if status == 200:
                    self.answers.append((begin, row, answer))
                    break
                self.refused.append((status, answer))
                time.sleep(0.05)
            else:
                self.lost.append(self.refused[-1])

    def since(self, begin):
        """Counts of the generations that answered what was asked from then on."""
        return collections.Counter(answer["model_version"] for asked, _, answer in list(self.answers) if asked >= begin)

    def go_on(self, count=60):
        """Some more answers, and which generations gave them."""
        begin = time.monotonic()
        until("requests are answered", lambda: self.since(begin).total() >= count)
        return self.since(begin)

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()


class Evaluated:
    """What the evaluator says of one generation, by the hyperconnections that an answer rests on."""

    def __init__(self, directory, network, weights, data):
        from faults.verdict import Truth

        def predict(cut=()):
            with tempfile.TemporaryDirectory() as scratch:
                out = pathlib.Path(scratch) / "out.npz"
                subprocess.run([directory / "bin" / f"{network['network']}-evaluate", "--weights", weights, "--data", data, "--all", "--predictions", out,
                                *(["--cut", ",".join(cut)] if cut else [])], check=True, stdout=subprocess.DEVNULL)
                return dict(numpy.load(out))

        self.table = json.loads(weights.with_suffix(".accuracy.json").read_text())
        self.truth = Truth(self.table, network, predict)
        self.accuracy = {frozenset(pattern["used"]): pattern["accuracy"] for pattern in self.table["patterns"] if pattern["flow"]}


def check(answers, evaluated, network):
    """Bits and expected accuracies are those of the generation that the answer names."""
    from faults.load import Request

    output = network["outputs"][0]["name"]
    whole = collections.Counter()
    for begin, row, answer in answers:
        said = answer["parameters"]
        generation = evaluated[answer["model_version"]]
        [values] = [tensor["data"] for tensor in answer["outputs"] if tensor["name"] == output]
        used = frozenset(filter(None, said["hyperconnections"].split(",")))
        request = Request(row, begin, frozenset(), values=numpy.array(values, "<f4").tobytes(), used=used)
        assert generation.truth.check(request) is not False, (answer, "is not what the evaluator says")
        assert said.get("expected_accuracy") == generation.accuracy.get(used), answer
        whole[answer["model_version"]] += used == generation.truth.all_used
    return whole


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rnet", required=True)
    for name in ("directory", "data", "old", "new", "tools"):
        parser.add_argument("--" + name, type=pathlib.Path, required=True)
    options = parser.parse_args()
    sys.path.append(str(options.tools))
    from shared.weights import read_header, read_weights

    tensors = [read_weights(weights) for weights in (options.old, options.new)]
    for name in tensors[0]:  # so that a node with the wrong ones shows in the bits
        assert not name.endswith("weight") or not numpy.array_equal(tensors[0][name], tensors[1][name]), name
    old, new = (read_header(weights)["__metadata__"]["rnet.data_sha256"][:16] for weights in (options.old, options.new))
    rows = numpy.load(options.data)["x"]

    with tempfile.TemporaryDirectory() as folder:
        deployed = Deployed(options.rnet, options.directory, options.old, pathlib.Path(folder))
        evaluated = {name: Evaluated(options.directory, deployed.network, weights, options.data)
                     for name, weights in ((old, options.old), (new, options.new))}

        def upgrade(*words, fails=None):
            done = subprocess.run([options.rnet, "upgrade", deployed.bundle, *words], capture_output=True, text=True, timeout=LIMIT)
            assert (done.returncode != 0) == bool(fails) and (fails or "") in done.stderr, done
            return done.stdout

        try:
            for node in deployed.nodes:
                deployed.start(node)
            until("the door opens", lambda: deployed.said(deployed.network["outputs"][0]["node"], "door"))
            until("the network is ready", lambda: deployed.ask("GET", "/status")[1]["ready"])
            until("all nodes are up", lambda: set(deployed.states().values()) == {"up"})
            load = Load(deployed, rows)
            try:
                story(options, deployed, load, upgrade, old, new, pathlib.Path(folder))
            finally:
                load.stop()
            # Nothing got lost, and nothing was mixed.
            assert not load.lost, load.lost[:5]
            refused = [each for each in load.refused if each[0] not in (503, 504)]
            assert not refused and len(load.refused) < 0.05 * len(load.answers), load.refused[:5]
            whole = check(load.answers, evaluated, deployed.network)
            assert whole[old] > 50 and whole[new] > 50, whole
            assert deployed.ask("GET", "/v2/models/health")[1]["versions"] == [new]
            assert deployed.stop() == [0] * len(deployed.nodes)
        finally:
            for process in deployed.processes.values():
                process.kill()
    on_one_machine(options, old, new)
    print("every request was answered, by one generation, and every node has changed")


def story(options, deployed, load, upgrade, old, new, folder):
    from shared.weights import read_header

    assert set(load.go_on()) == {old}
    door = ("--door", deployed.door)
    edge = deployed.bundle / "edge/weights"

    # What is refused changes nothing: at the command, and at a node into whose folder it is put by hand.
    half = folder / "half.safetensors"
    half.write_bytes(options.new.read_bytes()[: options.new.stat().st_size // 2])
    other = folder / "other.safetensors"
    parameters = read_header(options.new)["__metadata__"]["rnet.parameters"].encode()
    other.write_bytes(options.new.read_bytes().replace(parameters, parameters[::-1]))
    upgrade("--weights", half, fails="is truncated or damaged: its data do not match their hash")
    upgrade("--weights", other, fails="is for other parameters, another scheme or topology than generation " + old)
    upgrade("--weights", options.old, fails=f"is generation {old}, which is there already")
    upgrade("--rollback", fails=f"no upgrade is on its way: there is generation {old}")
    for file, why in ((half, "is damaged: tensor"), (other, "is for other parameters")):
        shutil.copyfile(file, edge / "by-hand.safetensors")
        until("the node refuses it", lambda: any(why in said["message"] for said in deployed.said("edge", "generation_refused")))
        (edge / "by-hand.safetensors").unlink()
    assert set(load.go_on()) == {old} and deployed.shares() == {old: 1}

    # A part of the requests.
    assert f"generation {new} takes 0.25 of the requests" in upgrade("--weights", options.new, "--canary", "0.25", *door)
    counts = load.go_on(200)
    assert 0.15 < counts[new] / counts.total() < 0.35, counts
    for node in deployed.nodes:
        assert deployed.said(node, "generation_loaded")[-1]["generation"] == new, node
    assert deployed.ask("GET", "/v2/models/health")[1]["versions"] == [old, new]
    for version in (old, new):  # a client may name its generation
        status, answer = deployed.ask("POST", f"/v2/models/health/versions/{version}/infer", load.bodies[0])
        assert (status, answer["model_version"]) == (200, version), answer
    upgrade("--finish", fails=f"generation {new} takes 0.25 of the requests: say --promote or --rollback first")

    # A node that dies in the middle comes back with both.
    before = len(deployed.events["fog2"])
    deployed.kill("fog2")
    load.go_on()
    deployed.start("fog2")
    until("it has loaded both", lambda: {each["generation"] for each in deployed.said("fog2", "generation_loaded", before)} == {old, new})
    until("it takes part", lambda: deployed.states()["fog2"] == "up")
    until("the part is as before", lambda: deployed.shares() == {old: 0.75, new: 0.25})

    # All of them.
    upgrade("--promote", *door)
    assert set(load.go_on()) == {new}

    # A node that comes back without the new ones: requests take the old ones until it has them.
    fog1 = deployed.bundle / "fog1/weights"
    deployed.kill("fog1")
    (fog1 / f"{new}.safetensors").rename(folder / "kept.safetensors")
    deployed.start("fog1")
    until("requests take the old one", lambda: deployed.shares() == {old: 1, new: 0})
    assert set(load.go_on()) == {old}
    upgrade("--finish", fails=f"fog1/weights' lacks generation {new}")
    shutil.copyfile(folder / "kept.safetensors", fog1 / f"{new}.safetensors")
    until("requests take the new one", lambda: deployed.shares() == {old: 0, new: 1})
    assert set(load.go_on()) == {new}

    # Back, and forth for good.
    upgrade("--rollback", *door)
    assert set(load.go_on()) == {old}
    upgrade("--promote", *door)
    assert set(load.go_on()) == {new}
    assert upgrade("--finish", *door) == f"generation {new} takes 1 of the requests\n"
    for node in deployed.nodes:
        until("the old one leaves", lambda: [each["generation"] for each in deployed.said(node, "generation_leaves")] == [old])
    assert deployed.shares() == {new: 1}
    status, answer = deployed.ask("POST", f"/v2/models/health/versions/{old}/infer", load.bodies[0])
    assert (status, answer) == (404, {"error": f"model 'health' has no version '{old}', but '{new}'"}), answer
    # Until after the old one has gone for good.
    end = time.monotonic() + 11
    while time.monotonic() < end:
        assert set(load.go_on()) == {new}


def on_one_machine(options, old, new):
    """The same of rnet run, whose nodes share a folder."""
    from serving import Serving

    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(options.old, pathlib.Path(folder) / "first.safetensors")
        with Serving(options.rnet, options.directory, folder) as serving:
            def version():
                return json.loads(serving.get("/v2/models/health")[2])["versions"]

            assert version() == [old]
            for words, versions, shares in ((["--weights", options.new], {old, new}, {old: 0, new: 1}), (["--finish"], {new}, {new: 1})):
                subprocess.run([options.rnet, "upgrade", folder, *words, "--door", serving.http], check=True, stdout=subprocess.DEVNULL, timeout=LIMIT)
                assert set(version()) == versions
                assert {each["name"]: each["share"] for each in serving.status()["generations"]} == shares


if __name__ == "__main__":
    main()
