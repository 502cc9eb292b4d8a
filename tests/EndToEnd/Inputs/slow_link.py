"""A link that bears a beat in half a second is no failure to a node that knows of it, and is one to a node that does not.

slow_link.py --directory DIR --weights W
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import contextlib
import os
import pathlib
import signal
import subprocess
import tempfile
import time

import grpc

from forgery import call, channel, field

LIMIT = 60  # seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", required=True)
    parser.add_argument("--weights", required=True)
    options = parser.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp())
    receivers = {"sensor": ("gateway", "fog"), "gateway": ("fog", "cloud"), "fog": ("cloud",), "cloud": ()}
    more = {"gateway": ["--beat", "fog=500"], "fog": ["--silence", "gateway=3000"]}

    with contextlib.ExitStack() as stack:
        nodes = {}
        for node, behind in receivers.items():
            peers = [word for other in behind for word in ("--peer", f"{other}=unix:{folder}/{other}")]
            nodes[node] = subprocess.Popen(
                [f"{options.directory}/bin/Relay-{node}", "--weights", options.weights, "--listen", f"unix:{folder}/{node}", *peers,
                 *more.get(node, [])], stderr=subprocess.DEVNULL)
            stack.callback(nodes[node].wait)
            stack.callback(nodes[node].kill)
        channels = {node: stack.enter_context(channel(f"unix:{folder}/{node}", None)) for node in nodes}

        def misses(node, sender):
            status, answer = call(channels[node], "Status")
            return status != grpc.StatusCode.OK or field(3, sender) in answer

        def wait_for(what, holds):
            limit = time.monotonic() + LIMIT
            while not holds():
                assert time.monotonic() < limit, what
                time.sleep(0.01)

        wait_for("all hear each other", lambda: not misses("fog", "gateway") and not misses("cloud", "gateway"))
        begin = time.monotonic()
        while time.monotonic() < begin + 1.5:  # three beats
            assert not misses("fog", "gateway"), "a slow beat is no failure"
        os.kill(nodes["gateway"].pid, signal.SIGSTOP)
        stopped = time.monotonic()
        wait_for("cloud misses it", lambda: misses("cloud", "gateway"))
        if time.monotonic() < stopped + 2:  # else the machine is too busy to tell
            assert not misses("fog", "gateway"), "fog was told to be patient"
        wait_for("fog misses it", lambda: misses("fog", "gateway"))
        assert time.monotonic() - stopped > 2.4, "3 s after the last beat, which was half a second ago at most"
        os.kill(nodes["gateway"].pid, signal.SIGCONT)
        wait_for("both hear it again", lambda: not misses("fog", "gateway") and not misses("cloud", "gateway"))
    print("a slow link is no failure")


if __name__ == "__main__":
    main()
