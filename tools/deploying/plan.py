"""What is deployed where: from a built network, its weights, keys and a site."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import dataclasses
import ipaddress
import json
import pathlib
import tomllib

from deploying.generations import Generation, read_generation
from shared.command import Failure

TARGETS = ("systemd", "compose", "kubernetes")
PORT = 7000  # of a node, and of the first one where they share a machine
DOORS = {"http": 8000, "grpc": 8001}  # for clients, at the output's node
KEYS = ("ca.pem", "cert.pem", "key.pem")


@dataclasses.dataclass(frozen=True)
class Node:
    name: str
    address: str  # where the others reach it
    listen: str  # where it listens
    senders: tuple  # names of the nodes that send to it
    peers: tuple  # (name, address) of those it talks to
    keys: pathlib.Path | None
    client_keys: pathlib.Path | None  # of its doors
    doors: dict  # "http": address, "grpc": address


@dataclasses.dataclass(frozen=True)
class Plan:
    target: str
    network: str
    nodes: tuple
    binaries: pathlib.Path
    generation: Generation
    prefix: pathlib.PurePosixPath

    def program(self, node):
        return f"{self.network}-{node.name}"

    def arguments(self, node, folder):
        """Of the node's program, whose files are in `folder`."""
        words = ["--weights", f"{folder}/weights", "--listen", node.listen]
        if node.keys:
            words += ["--identity", f"{folder}/identity"]
        for name, address in node.peers:
            words += ["--peer", f"{name}={address}"]
        for door, address in node.doors.items():
            words += [f"--{door}", address]
        if node.doors and node.client_keys:
            words += ["--client-identity", f"{folder}/client-identity"]
        return [*words, "--log", "json"]


def make_plan(options, network, directory):
    """Reads and checks everything but the programs in `directory`, so that nothing is written where something is wrong."""
    if options.output.exists():
        raise Failure(f"'{options.output}' is there already: remove it, or say another -o")
    name = network["network"]
    generation = read_generation(options.weights)
    if generation.network != name:
        raise Failure(f"'{options.weights}' is of network '{generation.network}', not of '{name}'")
    generation.check()
    site = _read_site(options.site, network)
    addresses = {node: _address(options, site, network, node) for node in network["nodes"]}
    output = network["outputs"][0]["node"]
    doors = _doors(site)
    links = network["hyperconnections"]
    nodes = []
    for node in network["nodes"]:
        receivers = {link["to"] for link in links if link["from"] == node}
        senders = [link["from"] for link in links if link["to"] == node]
        if doors and node == output:  # a door submits to the inputs' nodes, and asks all how they are
            receivers = set(network["nodes"])
        elif doors:
            senders.append(output)
        nodes.append(
            Node(
                name=node,
                address=addresses[node],
                listen=site["nodes"].get(node, {}).get("listen", _listen(options, addresses[node])),
                senders=tuple(dict.fromkeys(senders)),
                peers=tuple((each, addresses[each]) for each in network["nodes"] if each in receivers),
                keys=_keys(options, "node", node),
                client_keys=_keys(options, "client", site["doors"].get("client", "local")) if doors and node == output else None,
                doors=doors if node == output else {},
            )
        )
    if options.to == "systemd" and not options.keys:
        for node in nodes:
            if not _is_local(node.address):
                raise Failure(f"'{node.name}' is at {node.address}: across machines nodes need keys; make some with rnet keys, and say --keys")
    return Plan(
        target=options.to,
        network=name,
        nodes=tuple(nodes),
        binaries=directory / "bin",
        generation=generation,
        prefix=options.prefix or pathlib.PurePosixPath(f"/opt/{name}"),
    )


def read_network(directory):
    try:
        network = json.loads((directory / "network.json").read_text())
    except FileNotFoundError:
        raise Failure(f"'{directory}' holds no built network: run rnet build first") from None
    except json.JSONDecodeError as error:
        raise Failure(f"'{directory}/network.json' is damaged: {error}") from None
    return network


def _read_site(path, network):
    """{"nodes": {NAME: {"address": ..., "listen": ...}}, "doors": {...}}."""
    site = {"nodes": {}, "doors": {}}
    if not path:
        return site
    try:
        given = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise Failure(f"'{path}' is no TOML: {error}") from None
    for table, known in (("nodes", network["nodes"]), ("doors", [*DOORS, "client"])):
        part = given.pop(table, {})
        if not isinstance(part, dict):
            raise Failure(f"'{path}': '{table}' should be a table, found '{part}'")
        for key in part:
            if key not in known:
                raise Failure(f"'{path}': [{table}] has '{key}'; known are {', '.join(known)}")
        site[table] = part
    for door, address in site["doors"].items():
        if door != "client" and address != "":
            _split(address, f"'{path}': {door} of [doors]")
    for node, facts in site["nodes"].items():
        if not isinstance(facts, dict):
            raise Failure(f"'{path}': node '{node}' should be a table, [nodes.{node}], found '{facts}'")
        for key, value in facts.items():
            if key not in ("address", "listen"):
                raise Failure(f"'{path}': node '{node}' has '{key}'; known are address and listen")
            _split(value, f"'{path}': {key} of node '{node}'")
    if given:
        raise Failure(f"'{path}' has '{next(iter(given))}'; known are nodes and doors")
    return site


def _split(address, what):
    host, colon, port = address.rpartition(":") if isinstance(address, str) else ("", "", "")
    if not colon or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise Failure(f"{what} should be HOST:PORT, found '{address}'")
    return host.strip("[]"), int(port)


def _address(options, site, network, node):
    if given := site["nodes"].get(node, {}).get("address"):
        return given
    if options.to == "systemd":
        return f"127.0.0.1:{PORT + network['nodes'].index(node)}"
    # A compose service, or a Kubernetes service, of the node's name.
    return f"{dns(network['network'])}-{dns(node)}:{PORT}"


def _listen(options, address):
    _, port = _split(address, "an address")
    return address if options.to == "systemd" and _is_local(address) else f"0.0.0.0:{port}"


def _doors(site):
    """Where clients come in; "" closes one."""
    return {door: address for door, port in DOORS.items() if (address := site["doors"].get(door, f"127.0.0.1:{port}"))}


def _is_local(address):
    host, _ = _split(address, "an address")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _keys(options, kind, name):
    if not options.keys:
        if options.to != "systemd":
            raise Failure(f"nodes of {options.to} talk over a network: make keys with rnet keys, and say --keys")
        return None
    folder = options.keys / kind / name
    for file in KEYS:
        if not (folder / file).is_file():
            raise Failure(f"'{folder / file}' is missing: rnet keys makes the keys of nodes, and with --client {name} those of a client")
    return folder


def dns(name):
    """A name as DNS takes it."""
    return name.lower().replace("_", "-")
