"""A real node that dials us, where it takes us for another one."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import queue
import socket
import subprocess
from concurrent import futures

import grpc

from forgery import read_keys


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Gateway:
    """A node that dials us where it takes us for `fog`."""

    def __init__(self, options, address):
        elsewhere = f"127.0.0.1:{free_port()}"
        self.process = subprocess.Popen(
            [f"{options.directory}/bin/Relay-gateway", "--weights", options.weights, "--identity", options.keys / "node/gateway",
             "--listen", f"127.0.0.2:{free_port()}", "--peer", "fog=" + address, "--peer", "cloud=" + elsewhere],
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        assert self.process.wait() == 0


def what_a_node_says(options):
    """The greeting of a real node, as fog's holder hears it: the fingerprints that a Hello needs."""
    heard = queue.Queue()

    class Listen(grpc.GenericRpcHandler):
        def service(self, details):
            def deliver(packets, _):
                heard.put((details.method, next(packets)))
                return b""
            return grpc.stream_unary_rpc_method_handler(deliver)

    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([Listen()])
    ca, key, certificate = read_keys(options.keys / "node/fog")
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, certificate)], ca, True))
    server.start()
    with Gateway(options, f"127.0.0.1:{port}"):
        while not (said := heard.get(timeout=30))[0].endswith("Deliver"):
            pass
    server.stop(None).wait()
    greeting = said[1][2 if said[1][1] < 128 else 3:]  # field 1 of a packet
    texts = []
    for _ in range(2):
        texts.append(greeting[2 : 2 + greeting[1]].decode())
        greeting = greeting[2 + greeting[1] :]
    return texts
