"""A network under `rnet run` with doors for clients."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import http.client
import json
import os
import queue
import re
import signal
import subprocess
import threading
import time

LIMIT = 90  # seconds for what must happen


class Serving:
    """For `with`: when the block ends, so does the network, as it should; where the block fails, somehow."""

    def __init__(self, rnet, directory, weights, *arguments):
        self.process = subprocess.Popen(
            [rnet, "run", directory, "--weights", weights, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", *arguments],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        self.pids, self.said, self.lines, self.http, self.grpc = {}, [], queue.Queue(), None, None
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        try:
            while not self.line().startswith("network"):
                pass
            self.until(lambda: self.http and self.grpc and self.status()["ready"])
        except BaseException:
            self._end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, failure, *_):
        code = self._end()
        if not failure:
            assert code == 0 and not any("Sanitizer" in line for line in self.said), (code, "".join(self.said))

    def _end(self):
        self.process.terminate()
        try:
            return self.process.wait(timeout=LIMIT)
        finally:
            self.process.kill()
            self.reader.join(timeout=LIMIT)

    def _read(self):
        for line in self.process.stderr:
            self.said.append(line)
            if up := re.match(r"node (\S+) up pid (\d+)", line):
                self.pids[up[1]] = int(up[2])
            if line.startswith("{"):
                event = json.loads(line)
                if event["event"] == "door":
                    setattr(self, event["protocol"].lower(), event["address"])
            elif door := re.match(r"node \S+ answers (HTTP|gRPC) on (\S+)", line):
                setattr(self, door[1].lower(), door[2])
            self.lines.put(line)
        self.lines.put("")

    def line(self):
        line = self.lines.get(timeout=LIMIT)
        assert line, "rnet run ended:\n" + "".join(self.said)
        return line

    def until(self, holds):
        limit = time.monotonic() + LIMIT
        while not (value := holds()):
            assert time.monotonic() < limit, "".join(self.said)
            time.sleep(0.02)
        return value

    def request(self, method, path, body=None, headers={}):
        """Status, headers and body of an answer."""
        connection = http.client.HTTPConnection(self.http, timeout=LIMIT)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def get(self, path):
        return self.request("GET", path)

    def status(self):
        return json.loads(self.get("/status")[2])

    def states(self):
        return {node["name"]: node["state"] for node in self.status()["nodes"]}

    def kill(self, nodes):
        for node in nodes:
            os.kill(self.pids[node], signal.SIGKILL)
        self.until(lambda: all(self.states()[node] == "down" for node in nodes))
