"""While a network answers, its listeners get what nobody should send them. No answer changes, no node stops, none grows.

hostile_peers.py --rnet RNET --directory DIR --weights W --keys KEYS [--identity KEYS] [--runs N] [--inputs N] [--seed N]

With --identity the nodes run over mutual TLS, and the attackers have several identities, and none. After the runs come so many
inputs more, in volleys: calls of nodes and clients with wrong bits.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import gzip
import os
import pathlib
import random
import socket
import struct
import tempfile
import threading
import time

import grpc

from dialled import what_a_node_says
from forgery import Authority, activation, call, channel, client_context, field, hello
from process_files import files, listening, memory
from run_matches_evaluator import Processes
from volleys import PREFACE, frame, headers, volley

HANDSHAKE = 10  # seconds that a node gives a connection to say something sensible
PATH = "/rnet.net.proto.Node/"
METHODS = ("Deliver", "Heartbeat", "Submit", "Collect", "Status", "Listen", "/grpc.health.v1.Health/Check", "/x")
WARM = 104  # attacks, at the least, until a node has met all kinds and has all the buffers that it needs
GROWTH = 24 << 20  # bytes that it may grow from then on


class Attacker:
    """Attacks by number: the same seed makes the same ones."""

    def __init__(self, options, addresses, fingerprints, keys):
        self.secure = bool(options.identity)
        self.addresses, self.fingerprints, self.keys = addresses, fingerprints, keys
        self.attacks = [
            self.garbage, self.broken_tls, self.frames, self.resets, self.big_headers, self.random_messages, self.mutated_messages,
            self.large_message, self.bomb, self.replay, self.vanish, self.many_streams, self.foreign_protocol,
        ]

    def run(self, seed):
        self.random = random.Random(seed)
        attack = self.attacks[seed % len(self.attacks)]
        try:
            attack()
        except (OSError, ValueError):  # the node hung up
            pass
        return attack.__name__

    def bytes(self, most):
        return self.random.randbytes(self.random.randrange(most))

    def folder(self):
        """One of several identities, or none."""
        return self.random.choice(self.keys) if self.secure else None

    def plain(self):
        address = self.random.choice(list(self.addresses.values()))
        if address.startswith("unix:"):
            one = socket.socket(socket.AF_UNIX)
            one.settimeout(1)
            one.connect(address[5:])
            return one
        host, port = address.split(":")
        return socket.create_connection((host, int(port)), timeout=1)

    def connection(self):
        """Past TLS where that can be had."""
        one = self.plain()
        return client_context(self.folder()).wrap_socket(one) if self.secure else one

    def channel(self):
        return channel(self.random.choice(list(self.addresses.values())), self.folder())

    def say(self, one, *parts):
        with one:
            for part in parts:
                one.sendall(part)
            one.settimeout(0.05)
            while one.recv(65536):
                pass

    def garbage(self):
        self.say(self.plain(), self.bytes(4096))

    def broken_tls(self):
        # A record of a handshake, its length and what is in it out of hand.
        self.say(self.plain(), b"\x16\x03" + self.bytes(3) + struct.pack(">H", self.random.randrange(65536)) + b"\x01" + self.bytes(600))

    def frames(self):
        parts = [PREFACE, frame(4, 0, 0, b"")]
        for _ in range(self.random.randrange(20)):
            payload = self.bytes(200)
            length = None if self.random.random() < 0.7 else self.random.randrange(1 << 24)
            parts.append(frame(self.random.randrange(12), self.random.randrange(256), self.random.choice((0, 1, 3, 2**31 - 1)), payload, length))
        self.say(self.connection(), *parts[: self.random.randrange(1, len(parts) + 1)])

    def resets(self):
        # Calls that are given up at once, one after the other.
        calls = b""
        for k in range(200):
            calls += frame(1, 4, 2 * k + 1, headers(PATH + "Status")) + frame(3, 0, 2 * k + 1, struct.pack(">I", 8))
        self.say(self.connection(), PREFACE, frame(4, 0, 0, b""), calls)

    def big_headers(self):
        # A block of headers that goes on and on.
        parts = [PREFACE, frame(4, 0, 0, b""), frame(1, 0, 1, headers(PATH + "Submit"))]
        parts += [frame(9, 0, 1, b"\0\x01a\x7f" + b"b" * 127 * 100)] * 20
        self.say(self.connection(), *parts)

    def random_messages(self):
        with self.channel() as one:
            for method in METHODS:
                message = self.bytes(2000)
                call(one, method, [message, self.bytes(500)] if method in METHODS[:2] else message, timeout=1)

    def mutated(self):
        """A call of a node or a client with some bits wrong. The greeting never fits: a node's own keys do not attack it here."""
        topology, weights = self.fingerprints
        greeting = hello("another " + topology, weights, "sensor", "sensor_to_fog", 2**63)
        sent = activation(self.random.randrange(1000), 1, bytes(24 * 4))
        asked = field(1, self.random.randrange(10**9, 2**63)) + field(2, 1000) + field(3, field(1, "readings") + field(2, bytes(16 * 4)))
        method, message = self.random.choice((("Deliver", field(1, greeting)), ("Deliver", field(2, sent)), ("Heartbeat", field(1, greeting) + field(2, 1)),
                                              ("Submit", asked), ("Collect", asked[:11]), ("Status", b"")))
        changed = bytearray(message)
        for _ in range(self.random.randrange(1, 4)) if changed else ():
            # Not in the topology's name: that must stay a wrong one. Nor in a request's number: that may be a real one.
            at = self.random.randrange(min(len(changed) - 1, 90 if method in METHODS[:2] else 12), len(changed))
            changed[at] ^= 1 << self.random.randrange(8)
        return method, bytes(changed[: self.random.choice((len(changed), self.random.randrange(len(changed) + 1)))])

    def mutated_messages(self):
        with self.channel() as one:
            for _ in range(6):
                method, message = self.mutated()
                call(one, method, [message] if method in METHODS[:2] else message, timeout=1)

    def volley(self, seed):
        """A thousand calls: how many the node has ended."""
        self.random = random.Random(seed)

        def draw():
            method, message = self.mutated() if self.random.random() < 0.8 else (self.random.choice(METHODS), self.bytes(200))
            return PATH + method, message

        try:
            return volley(self.connection(), draw, 1000)
        except OSError:  # it hung up on somebody whom it does not trust
            return 1

    def large_message(self):
        with self.channel() as one:
            method = self.random.choice(METHODS[:4])
            message = field(1, bytes(8 << 20))
            status, why = call(one, method, [message] if method in METHODS[:2] else message, timeout=2)
            assert status != grpc.StatusCode.OK, (method, why)

    def bomb(self):
        # A few kilobytes that stand for very many.
        packed = gzip.compress(bytes(64 << 20))
        data = b"\1" + struct.pack(">I", len(packed)) + packed
        block = headers(PATH + "Submit") + b"\0\x0dgrpc-encoding\x04gzip"
        chunks = [frame(0, 0, 1, data[k : k + 16384]) for k in range(0, len(data), 16384)]
        self.say(self.connection(), PREFACE, frame(4, 0, 0, b""), frame(1, 4, 1, block), *chunks)

    def replay(self):
        # A greeting of a real node, said by somebody else, older, and an activation that was sent before.
        topology, weights = self.fingerprints
        with self.channel() as one:
            call(one, "Deliver", [field(1, hello(topology, weights, self.random.choice(("gateway", "cloud")), "gateway_to_fog", 1)),
                                  field(2, activation(1, 1, bytes(24 * 4)))], timeout=1)

    def vanish(self):
        with self.connection() as one:
            one.sendall(PREFACE[: self.random.randrange(1, len(PREFACE))])

    def many_streams(self):
        calls = b"".join(frame(1, 4, 2 * k + 1, headers(PATH + "Deliver")) for k in range(1000))
        self.say(self.connection(), PREFACE, frame(4, 0, 0, b""), calls)

    def foreign_protocol(self):
        self.say(self.plain(), self.random.choice((b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"SSH-2.0-x\r\n", b"\0" * 3000, PREFACE * 50)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rnet", "directory", "weights"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--keys", type=pathlib.Path, required=True, help="what rnet keys wrote, to attack with")
    parser.add_argument("--identity", help="the same, for the nodes")
    parser.add_argument("--runs", type=int, default=200, help=f"more than {WARM}")
    parser.add_argument("--inputs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    authority, scratch = Authority(options.keys / "ca"), pathlib.Path(tempfile.mkdtemp(dir="."))
    keys = [None, options.keys / "client/local", options.keys / "node/sensor", options.keys / "node/cloud",
            authority.issue(scratch / "old", "spiffe://relay/node/gateway", days=(-3, -1)),
            Authority().issue(scratch / "stranger", "spiffe://relay/node/gateway", trusts=authority)]
    fingerprints = what_a_node_says(options)

    # What is freed goes back to the system: then the size of a process tells what it holds.
    os.environ.update(MALLOC_ARENA_MAX="1", MALLOC_MMAP_THRESHOLD_="65536", MALLOC_TRIM_THRESHOLD_="65536")
    processes = Processes(options, *(["--identity", options.identity] if options.identity else []))
    pids = dict(processes.pids)
    for node, address in processes.addresses.items():
        kind, where = ("unix", address[5:]) if address.startswith("unix:") else ("tcp", address)
        assert listening(pids[node]) == {(kind, where)}, f"{node} listens on what it says, and on nothing else"
    rows = [{"readings": [random.Random(k).gauss(0, 1) for _ in range(16)]} for k in range(8)]
    known = {}  # answers by row and by what they rest on
    for k, row in enumerate(rows):
        while len((answer := processes.ask(row)).get("nodes", [])) < 4:
            pass
        known[k, tuple(answer["hyperconnections"])] = answer["probabilities"]

    stop, counts = threading.Event(), {"all": 0, "whole": 0}

    def keep_asking():
        while not stop.is_set():
            k = counts["all"] % len(rows)
            answer = processes.ask(rows[k])
            time.sleep(0.002)  # the attacker needs this interpreter too
            counts["all"] += 1
            counts["whole"] += len(answer.get("hyperconnections", [])) == 5
            if "probabilities" in answer:  # on a busy machine a live node may be suspected, and the answer says so
                way = k, tuple(answer["hyperconnections"])
                assert known.setdefault(way, answer["probabilities"]) == answer["probabilities"], (way, answer)

    failures = []

    def asking():
        try:
            keep_asking()
        except BaseException as failure:  # pylint: disable=broad-except
            failures.append(failure)

    asker = threading.Thread(target=asking, daemon=True)  # where this one fails, all ends
    asker.start()

    attacker = Attacker(options, processes.addresses, fingerprints, keys)
    # Connections that say nothing, or half of something, all the while.
    begin = time.monotonic()
    attacker.random = random.Random(options.seed)
    silent = [attacker.plain() for _ in range(100)]
    for k, one in enumerate(silent):
        one.sendall((b"", PREFACE[:10], b"\x16\x03\x01\x02\x00\x01")[k % 3])
    done, memories = {}, {}
    for k in range(options.runs):
        name = attacker.run(options.seed + k)
        done[name] = done.get(name, 0) + 1
        assert not failures, failures
        if k == max(WARM, options.runs // 4):
            memories = {node: memory(pid) for node, pid in pids.items()}
    inputs, volleys = 0, 0
    while inputs < options.inputs:
        inputs += attacker.volley(options.seed + volleys)
        volleys += 1
        assert not failures, failures
    for one in silent:  # the node ends them
        one.settimeout(max(0.1, begin + 2 * HANDSHAKE - time.monotonic()))
        try:
            while one.recv(65536):
                pass
        except ConnectionError:
            pass
        one.close()
    stop.set()
    asker.join()
    assert not failures, failures

    for node, pid in pids.items():
        os.kill(pid, 0)
        growth = memory(pid) - memories[node]
        assert growth < GROWTH, f"{node} grew by {growth} bytes"
        assert len(files(pid)) < 60, f"{node} keeps connections: {len(files(pid))}"  # of 100 silent ones, 25 each
    assert not any(" down" in line for line in processes.said), processes.said
    for k, row in enumerate(rows):
        while len((answer := processes.ask(row)).get("nodes", [])) < 4:
            pass
        assert known[k, tuple(answer["hyperconnections"])] == answer["probabilities"]
    processes.stop()
    assert counts["whole"] > 10, counts
    print(f"{options.runs} attacks of {len(done)} kinds and {inputs} inputs in volleys under {counts['all']} requests, {counts['whole']} by all ways")


if __name__ == "__main__":
    main()
