"""Over mutual TLS everybody does what his identity allows, and nobody else does anything.

identities.py --rnet RNET --directory DIR --weights W --keys KEYS
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import pathlib
import socket
import tempfile
import time

import grpc

from dialled import Gateway, what_a_node_says
from forgery import Authority, activation, call, channel, client_context, field, hello, read_keys, server_context
from run_matches_evaluator import Processes

CODE = grpc.StatusCode
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"


def dialled_by_a_node(options, folder):
    """Whether a node that dials fog says anything to whoever holds these keys."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        with Gateway(options, "127.0.0.1:%d" % server.getsockname()[1]):
            connection, _ = server.accept()
            connection.settimeout(30)
            try:
                with server_context(folder).wrap_socket(connection, server_side=True) as tls:
                    return tls.recv(100).startswith(b"PRI * HTTP/2")
            except OSError:
                return False


def greets(context, address, session=None):
    """Whether a node speaks HTTP/2 with us, and the TLS session."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as plain:
        try:
            with context.wrap_socket(plain, session=session) as tls:
                tls.sendall(PREFACE)
                return bool(tls.recv(1000)), tls.session
        except OSError:
            return False, None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rnet", "directory", "weights"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--keys", type=pathlib.Path, required=True)
    options = parser.parse_args()
    authority = Authority(options.keys / "ca")
    stranger = Authority()
    scratch = pathlib.Path(tempfile.mkdtemp(dir="."))
    fog = "spiffe://relay/node/fog"

    # A node tells nobody but the one that it dials who it is.
    assert dialled_by_a_node(options, options.keys / "node/fog")
    for name, forged in {
        "another node": options.keys / "node/cloud",
        "a client": options.keys / "client/local",
        "another network": authority.issue(scratch / "network", "spiffe://other/node/fog"),
        "expired": authority.issue(scratch / "old", fog, days=(-3, -1)),
        "not yet good": authority.issue(scratch / "young", fog, days=(1, 3)),
        "another authority": stranger.issue(scratch / "stranger", fog, trusts=authority),
        "two identities": authority.issue(scratch / "two", fog, "spiffe://relay/node/cloud"),
        "no identity": authority.issue(scratch / "none"),
    }.items():
        assert not dialled_by_a_node(options, forged), name
        print("refused as fog:", name)

    topology, weights = what_a_node_says(options)
    processes = Processes(options, "--identity", str(options.keys))
    address = processes.addresses["fog"]

    # Who has no identity of the network does not come past the handshake.
    sensor = "spiffe://relay/node/sensor"
    local = "spiffe://relay/client/local"
    for name, forged in {
        "expired": authority.issue(scratch / "old-client", local, days=(-3, -1)),
        "another authority": stranger.issue(scratch / "stranger-client", local, trusts=authority),
        "another network": authority.issue(scratch / "network-client", "spiffe://other/client/local"),
        "two identities": authority.issue(scratch / "two-clients", local, sensor),
        "no identity": authority.issue(scratch / "no-client"),
        "neither node nor client": authority.issue(scratch / "king", "spiffe://relay/king/local"),
    }.items():
        with channel(address, forged) as one:
            status, why = call(one, "Status")
            assert status == CODE.UNAVAILABLE, (name, status, why)
        print("refused as a client:", name)
    with grpc.secure_channel(address, grpc.ssl_channel_credentials(read_keys(options.keys / "client/local")[0])) as one:
        assert call(one, "Status")[0] == CODE.UNAVAILABLE
    with channel(address, None) as one:
        assert call(one, "Status")[0] == CODE.UNAVAILABLE
    print("refused as a client: no certificate, plain text")

    # Nor with a session from when his certificate was good.
    brief = authority.issue(scratch / "brief", local, days=(-1, 3 / 86400))
    context = client_context(brief)
    (said, session), again = greets(context, address), None
    assert said, "the certificate was good"
    limit = time.monotonic() + 30
    while (again := greets(context, address, session))[0]:
        assert time.monotonic() < limit, "a session outlives its certificate"
        time.sleep(0.5)
    print("refused as a client: a session that is resumed too late")

    # A client asks, and does not deliver.
    greeting = hello(topology, weights, "sensor", "sensor_to_fog")
    with channel(address, options.keys / "client/local") as one:
        status, answer = call(one, "Status")
        assert status == CODE.OK and answer.startswith(field(1, "fog")), (status, answer)
        for method, message in (("Deliver", [field(1, greeting)]), ("Heartbeat", [field(1, greeting)]), ("Listen", greeting)):
            status, why = call(one, method, message)
            assert status == CODE.PERMISSION_DENIED and "client/local' may not do this" in why, (status, why)
    # A node delivers, in its own name, what it has a hyperconnection for, and does not ask.
    refusals = {
        "gateway": "the caller is not that node",
        "fog": "the caller is not that node",
    }
    with channel(address, options.keys / "node/sensor") as one:
        for method in ("Status", "Submit", "Collect", "/rnet.net.proto.Node/Unknown", "/inference.GRPCInferenceService/ModelInfer"):
            status, why = call(one, method)
            assert status == CODE.PERMISSION_DENIED and "node/sensor' may not do this" in why, (method, status, why)
        for node, expected in refusals.items():
            for method, connection in (("Deliver", node + "_to_fog"), ("Heartbeat", "")):
                status, why = call(one, method, [field(1, hello(topology, weights, node, connection))])
                assert (status, why) == (CODE.PERMISSION_DENIED, expected), (status, why)
            assert call(one, "Listen", hello(topology, weights, node, node + "_to_fog")) == (CODE.PERMISSION_DENIED, expected)
        for connection in ("gateway_to_fog", "sensor_to_gateway", "sensor_to_cloud", ""):
            status, why = call(one, "Deliver", [field(1, hello(topology, weights, "sensor", connection))])
            assert (status, why) == (CODE.PERMISSION_DENIED, "no such hyperconnection to this node"), (status, why)
        for wrong in (hello("x", weights, "sensor", "sensor_to_fog"), hello(topology, "x", "sensor", "sensor_to_fog")):
            assert call(one, "Deliver", [field(1, wrong)])[0] == CODE.PERMISSION_DENIED
        assert call(one, "Deliver", [field(2, activation(1, 1, b""))]) == (CODE.PERMISSION_DENIED, "no greeting")
        # The real sensor speaks: one that is older, and has the same keys, does not.
        status, why = call(one, "Deliver", [field(1, greeting)])
        assert (status, why) == (CODE.PERMISSION_DENIED, "an older incarnation than the present one"), (status, why)
    with channel(address, options.keys / "node/cloud") as one:
        status, why = call(one, "Heartbeat", [field(1, hello(topology, weights, "cloud"))])
        assert (status, why) == (CODE.PERMISSION_DENIED, "no hyperconnection leads from that node to this one"), (status, why)
    print("nodes and clients do what they may, and no more")

    answer = processes.ask({"readings": [0.0] * 16})
    assert answer["nodes"] == ["sensor", "gateway", "fog", "cloud"], answer
    processes.stop()


if __name__ == "__main__":
    main()
