"""What node edge of health sends along each of its hyperconnections, by its metrics: bytes a request, all of which must have as many.

sent_bytes.py --rnet RNET --directory DIR --weights W --data F.npz
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import re
import socket
import subprocess
import tempfile
import time

from programs import Built

LIMIT, REQUESTS = 90, 5


def ask(rnet, door, row):
    request = json.dumps({"inputs": {"sensors": row.tolist()}}) + "\n"
    run = subprocess.run([rnet, "infer", door, "--input", "-"], input=request, capture_output=True, text=True)
    return json.loads(run.stdout) if run.returncode == 0 else {}


def sent(path):
    """Bytes so far, by hyperconnection."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(b"GET /metrics HTTP/1.1\r\nConnection: close\r\n\r\n")
        metrics = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    found = re.findall(r'^rnet_sent_bytes_total\{hyperconnection="(edge_\w+)"\} (\d+)', metrics, re.M)
    return {name: int(count) for name, count in found}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rnet", "directory", "weights", "data"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    built = Built(options.directory)
    nodes = built.json["nodes"]
    row = built.rows(options.data, slice(1))["sensors"][0]
    with tempfile.TemporaryDirectory() as folder:
        running = [
            subprocess.Popen([f"{options.directory}/bin/health-{node}", "--weights", options.weights, "--listen", f"unix:{folder}/{node}",
                              *(word for peer in nodes if peer != node for word in ("--peer", f"{peer}=unix:{folder}/{peer}")),
                              *(["--http", f"unix:{folder}/http"] if node == "edge" else [])], stderr=subprocess.DEVNULL)
            for node in nodes]
        try:
            end = time.monotonic() + LIMIT
            while "edge" not in ask(options.rnet, f"unix:{folder}/http", row).get("nodes", []):
                assert time.monotonic() < end, "no answer took the way over edge"
            before = sent(f"{folder}/http")
            for _ in range(REQUESTS):
                answer = ask(options.rnet, f"unix:{folder}/http", row)
                assert "class" in answer, answer
            after = sent(f"{folder}/http")
        finally:
            for process in running:
                process.terminate()
            for process in running:
                process.wait(timeout=LIMIT)
    each = {name: (after[name] - before[name]) / REQUESTS for name in after}
    print(f"edge sends {each['edge_to_fog2']:g} bytes to fog2, {each['edge_to_fog1']:g} to fog1 a request")


if __name__ == "__main__":
    main()
