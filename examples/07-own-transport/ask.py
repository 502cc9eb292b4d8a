#!/usr/bin/python3
"""Starts the nodes of health over UDP, asks them, kills one, asks on.

    ask.py PROGRAMS WEIGHTS DATA.npz [--kill NODE] [--rows N] [--port PORT] [--through WORDS] [--answers OUT.npz]

PROGRAMS is where CMake put udp-NODE. Half of N rows are asked before NODE is killed (fog2), half after. --through puts words before each
program, an emulator's say. Says how many were answered; OUT gets rows, probabilities and the hyperconnections that they rest on.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import pathlib
import shlex
import signal
import socket
import struct
import subprocess
import sys
import time

import numpy

NODES = ("iot", "edge", "fog2", "fog1", "cloud")  # in the network's order
CLASSES = 13
INPUT, COLLECT, ANSWER = 0, 3, 4
HEADER = struct.Struct("<IBBHQQII")  # magic, kind, present, index, request, used, remaining us, bytes of values
MAGIC = 0x74656E72


class Asker:
    def __init__(self, port):
        self.port, self.request = port, 0
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def ask(self, row, seconds=1.0):
        """The probabilities and the hyperconnections that they rest on, a bit each; or None where there is no answer."""
        self.request += 1
        limit = int(seconds * 1e6)
        values = row.astype("<f4").tobytes()
        self.socket.sendto(HEADER.pack(MAGIC, COLLECT, 0, 0, self.request, 0, limit, 0), ("127.0.0.1", self.port + NODES.index("cloud")))
        self.socket.sendto(HEADER.pack(MAGIC, INPUT, 1, 0, self.request, 0, limit, len(values)) + values, ("127.0.0.1", self.port + NODES.index("iot")))
        self.socket.settimeout(seconds + 0.1)
        try:
            while True:
                data = self.socket.recv(65536)
                _, kind, present, _, request, used, _, size = HEADER.unpack_from(data)
                if kind == ANSWER and request == self.request:
                    return (numpy.frombuffer(data, "<f4", size // 4, HEADER.size), used) if present else None
        except (TimeoutError, ConnectionError):
            return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", type=pathlib.Path)
    parser.add_argument("weights")
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--kill", default="fog2", choices=NODES[1:-1])
    parser.add_argument("--rows", type=int, default=100)
    parser.add_argument("--port", type=int, default=47000)
    parser.add_argument("--through", type=shlex.split, default=[], metavar="WORDS")
    parser.add_argument("--answers", type=pathlib.Path)
    options = parser.parse_args()
    arrays = numpy.load(options.data)
    rows = arrays["x" if "x" in arrays else "sensors"][: options.rows]
    nodes = {
        name: subprocess.Popen([*options.through, options.programs / f"udp-{name}", options.weights, str(options.port)], stderr=subprocess.PIPE, text=True)
        for name in NODES
    }
    try:
        asker = Asker(options.port)
        end = time.monotonic() + 30
        while (asker.ask(rows[0], 0.2)) is None:  # until all have heard from each other
            if time.monotonic() > end or any(node.poll() is not None for node in nodes.values()):
                sys.exit("error: the nodes did not start")
            time.sleep(0.2)  # until what was asked is over: a node has memory for eight requests
        time.sleep(0.5)
        before = [asker.ask(row) for row in rows[: len(rows) // 2]]
        nodes[options.kill].kill()
        time.sleep(0.5)
        after = [asker.ask(row) for row in rows[len(rows) // 2 :]]
    finally:
        for node in nodes.values():
            node.send_signal(signal.SIGTERM)
        said = "".join(node.communicate()[1] for node in nodes.values())
    print(said, end="")
    answered = [sum(answer is not None for answer in answers) for answers in (before, after)]
    print(f"{answered[0]} of {len(before)} answered, then {answered[1]} of {len(after)} without {options.kill}")
    if options.answers:
        lost = (numpy.full(CLASSES, numpy.nan, "f4"), 0)
        probabilities, used = zip(*(answer or lost for answer in before + after))
        numpy.savez(options.answers, rows=rows, probabilities=numpy.stack(probabilities), used=numpy.array(used, "u8"))
    return 0 if answered == [len(before), len(after)] else 1


if __name__ == "__main__":
    sys.exit(main())
