"""Connections to a door of a running network."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import http.client
import socket

from shared.command import Failure


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connection_to(address, timeout):
    """To HOST:PORT or unix:PATH; nothing is sent yet."""
    if address.startswith("unix:"):
        return UnixConnection(address.removeprefix("unix:"), timeout)
    try:
        return http.client.HTTPConnection(address, timeout=timeout)
    except http.client.InvalidURL:
        raise Failure(f"'{address}' is no address: expected HOST:PORT or unix:PATH") from None
