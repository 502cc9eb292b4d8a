"""While a network answers, its doors get bad requests. No answer changes, no node stops, none grows.

hostile_clients.py --rnet RNET --directory DIR --weights W [--inputs N] [--seed N]
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import random
import socket
import threading

from process_files import listening, memory
from serving import Serving
from volleys import volley

GROWTH = 24 << 20  # bytes that the door's node may grow after the first quarter
VALUES = [k / 16 for k in range(16)]
GOOD = json.dumps({"inputs": [{"name": "readings", "datatype": "FP32", "shape": [1, 16], "data": VALUES}]}).encode()
METHODS = ("ServerLive", "ModelMetadata", "ModelInfer", "ModelConfig", "ModelStatistics", "x")


def connect(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=5)


def http_requests(draw, address, count):
    """Requests that are no inference, over connections that are kept: how many the door has refused."""
    refused = 0
    while refused < count:
        with connect(address) as one, one.makefile("rb") as answers:
            for _ in range(100):
                body = bytearray(GOOD)
                for _ in range(draw.randrange(1, 4)):
                    body[draw.randrange(13)] ^= 1 << draw.randrange(7)  # within the word that must be there
                body = body[: draw.choice((len(body), draw.randrange(len(body))))]
                if body == GOOD:
                    continue
                one.sendall(b"POST /v2/models/Relay/infer HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                if not (status := answers.readline()):
                    break
                assert status.split()[1] in (b"400", b"413"), (status, body)
                length = 0
                while line := answers.readline().strip():
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                answers.read(length)
                refused += 1
    return refused


def grpc_calls(draw, address, count):
    """Random messages of the protocol's calls."""
    return volley(connect(address), lambda: ("/inference.GRPCInferenceService/" + draw.choice(METHODS), draw.randbytes(draw.randrange(200))), count)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rnet", "directory", "weights"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--inputs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    with Serving(options.rnet, options.directory, options.weights) as serving:
        pid = serving.pids["cloud"]
        doors = {address.removeprefix("::ffff:") for kind, address in listening(pid) if kind == "tcp"}
        assert doors == {serving.http, serving.grpc}, (doors, "its node listens on its doors and its own socket, and on nothing else")
        stop, asked, failures, known = threading.Event(), [0], [], {}

        def asking():
            while not stop.is_set():
                status, _, body = serving.request("POST", "/v2/models/Relay/infer", GOOD)
                answer = json.loads(body)
                if status == 200:  # on a busy machine a live node may be suspected
                    used = answer["parameters"]["hyperconnections"]
                    values = next(output["data"] for output in answer["outputs"] if output["name"] == "state")
                    if known.setdefault(used, values) != values:
                        failures.append((used, values))
                elif status not in (503, 504):
                    failures.append((status, answer))
                asked[0] += 1

        asker = threading.Thread(target=asking)
        asker.start()
        inputs, size = 0, None
        try:
            while inputs < options.inputs:
                inputs += http_requests(draw, serving.http, 200) + grpc_calls(draw, serving.grpc, 200)
                assert not failures, failures
                if size is None and inputs >= options.inputs / 4:
                    size = memory(pid)
        finally:
            stop.set()
            asker.join()
        assert not failures and known and asked[0] > 10, (failures, asked)
        assert memory(pid) - size < GROWTH, f"it grew by {memory(pid) - size} bytes"
    print(f"{inputs} bad inputs at two doors under {asked[0]} requests")


if __name__ == "__main__":
    main()
