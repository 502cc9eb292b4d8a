"""The nodes of a network as processes that may be hurt."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import http.client
import json
import os
import pathlib
import signal
import subprocess
import time

from faults.wires import Wires, free_port
from shared.command import Failure

PATIENCE = 60  # seconds for a start on a busy machine


class Deployment:
    """Every node listens on loopback; what nodes send to each other goes through wires. The output's node opens a door."""

    def __init__(self, options, network, seed):
        self.network, self.options, self.logs = network, options, options.output / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self.output = network["outputs"][0]["node"]
        self.heads = {self.output, *network["outputs"][0].get("exits", ())}
        ports = {node: free_port() for node in network["nodes"]}
        self.wires = Wires({(link["from"], link["to"]): ports[link["to"]] for link in network["hyperconnections"]}, seed)
        self.door = f"127.0.0.1:{free_port()}"
        self.commands = {node: self._command(node, ports) for node in network["nodes"]}
        self.processes, self.killed, self.crashed = {}, set(), []

    def _command(self, node, ports):
        name, keys = self.network["network"], self.options.keys
        words = [self.options.directory / "bin" / f"{name}-{node}", "--weights", self.options.weights, "--listen", f"127.0.0.1:{ports[node]}", "--log", "json"]
        peers = {receiver: wire.port for (sender, receiver), wire in self.wires.all.items() if sender == node}
        if node == self.output:  # its door asks all others, and not through wires: it stands for clients
            peers = ports | peers
            words += ["--http", self.door]
            words += ["--client-identity", keys / "client" / "local"] if keys else []
        words += ["--identity", keys / "node" / node] if keys else []
        table = self.options.weights.with_suffix(".accuracy.json")
        words += ["--accuracy", table] if node in self.heads and table.exists() else []
        for peer, port in peers.items():
            words += ["--peer", f"{peer}=127.0.0.1:{port}"]
        return [str(word) for word in words]

    def start(self):
        for node in self.commands:
            self.restart(node)
        end = time.monotonic() + PATIENCE
        while not (self.status() or {}).get("ready"):
            self.watch()
            if self.crashed or time.monotonic() > end:
                raise Failure(f"the network did not start; '{self.logs}' has what nodes said")
            time.sleep(0.1)

    def status(self):
        connection = http.client.HTTPConnection(self.door, timeout=2)
        try:
            connection.request("GET", "/status")
            return json.loads(connection.getresponse().read())
        except (OSError, ValueError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def restart(self, node):
        with open(self.logs / f"{node}.log", "a") as log:
            self.processes[node] = subprocess.Popen(self.commands[node], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.killed.discard(node)

    def kill(self, node):
        self.killed.add(node)
        self.processes[node].kill()
        self.processes[node].wait()

    def freeze(self, node):
        self._signal(node, signal.SIGSTOP)

    def thaw(self, node):
        self._signal(node, signal.SIGCONT)

    def _signal(self, node, number):
        if node not in self.killed:
            self.processes[node].send_signal(number)

    def watch(self):
        """Notes nodes that ended by themselves; starts them again."""
        for node, process in list(self.processes.items()):
            if node not in self.killed and (code := process.poll()) is not None:
                self.crashed.append({"node": node, "status": code})
                if len(self.crashed) < 100:
                    self.restart(node)

    def resources(self, node):
        """Bytes of memory and open descriptors of a node's process, or None."""
        folder = pathlib.Path(f"/proc/{self.processes[node].pid}")
        try:
            return int((folder / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"), len(os.listdir(folder / "fd"))
        except OSError:
            return None

    def stop(self):
        for node, process in self.processes.items():
            self._signal(node, signal.SIGCONT)
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
