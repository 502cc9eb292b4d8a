"""A steady load of requests, and what became of each."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses
import http.client
import json
import struct
import threading
import time

import numpy


@dataclasses.dataclass
class Request:
    row: int
    sent: float  # seconds after the start
    faults: frozenset  # those that were active then
    outcome: str = "lost"  # answered, refused, overloaded, lost
    message: str = ""
    seconds: float = 0.0
    values: bytes = b""  # the probabilities
    used: frozenset = frozenset()
    predicted: float | None = None
    felt: tuple = ()  # then and at its end: those, and such as a node may still recover from


class Load:
    """Asks `rate` times a second, whatever became of the requests before; each on one of `workers` connections that are kept."""

    def __init__(self, deployment, tormentor, inputs, rows, rate, deadline):
        """`inputs`: float32 arrays by name, a row each request, in turn."""
        self.deployment, self.tormentor, self.rows, self.rate, self.deadline = deployment, tormentor, rows, rate, deadline
        network = deployment.network
        self.path, self.output = f"/v2/models/{network['network']}/infer", network["outputs"][0]["name"]
        self.bodies = [self._body(network, {name: array[row] for name, array in inputs.items()}) for row in range(rows)]
        self.requests, self.late = [], 0
        self._next, self._lock = 0, threading.Lock()
        self.workers = [threading.Thread(target=self._work) for _ in range(int(rate * (deadline + 0.2)) + 4)]

    def _body(self, network, values):
        """Headers and bytes, by the binary tensor extension: the floats' own bits."""
        tensors, data = [], b""
        for given in network["inputs"]:
            array = numpy.ascontiguousarray(values[given["name"]], "<f4")
            tensors.append({"name": given["name"], "datatype": "FP32", "shape": [1, *given["shape"]], "parameters": {"binary_data_size": array.nbytes}})
            data += array.tobytes()
        outputs = [{"name": self.output, "parameters": {"binary_data": True}}]
        head = json.dumps({"inputs": tensors, "outputs": outputs, "parameters": {"timeout": int(self.deadline * 1e6)}}).encode()
        return {"Inference-Header-Content-Length": str(len(head)), "Content-Type": "application/octet-stream"}, head + data

    def run(self, seconds):
        self.count, self.begin = int(self.rate * seconds), time.monotonic()
        for worker in self.workers:
            worker.start()
        for worker in self.workers:
            worker.join()
        self.requests.sort(key=lambda request: request.sent)

    def stop(self):
        self.count = 0

    def _work(self):
        connection = None
        while True:
            with self._lock:
                number, self._next = self._next, self._next + 1
            if number >= self.count:
                break
            due = self.begin + number / self.rate
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)
            connection = connection or http.client.HTTPConnection(self.deployment.door, timeout=self.deadline + 5)
            now = time.monotonic()
            request = Request(number % self.rows, now - self.begin, self.tormentor.active)
            felt = self.tormentor.felt
            try:
                self._ask(connection, request)
            except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
                request.message = f"{type(error).__name__}: {error}"
                connection.close()
                connection = None
            request.seconds = time.monotonic() - now
            request.felt = felt, self.tormentor.felt
            self.requests.append(request)

    def _ask(self, connection, request):
        headers, body = self.bodies[request.row]
        connection.request("POST", self.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            request.message = json.loads(content)["error"]
            # 503 and 504 are what a network may say; all else is a mistake.
            if answer.status in (503, 504):
                request.outcome = "refused"
            else:
                request.message = f"{answer.status} {request.message}"
            return
        length = int(answer.headers["Inference-Header-Content-Length"])
        head = json.loads(content[:length])
        request.values = content[length:]
        width = struct.calcsize("f") * self.deployment.network["outputs"][0]["width"]
        if len(request.values) != width:
            raise ValueError(f"an answer of {len(request.values)} bytes, expected {width}")
        request.used = frozenset(filter(None, head["parameters"]["hyperconnections"].split(",")))
        request.predicted = head["parameters"].get("expected_accuracy")
        request.outcome = "answered"
