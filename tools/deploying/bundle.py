"""Writes a deployment: files of nodes, and what starts them."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pathlib
import re
import shutil
import subprocess
import tempfile

from deploying.generations import direct
from deploying.plan import KEYS, dns
from shared.command import Failure, need_module

HERE = pathlib.Path(__file__).resolve().parent
IMAGE = "debian:12-slim"  # what the programs were built for


def write_bundle(plan, output):
    """Makes the folder `output`, whole or not at all."""
    for node in plan.nodes:
        program = plan.binaries / plan.program(node)
        if not program.is_file():
            raise Failure(f"'{program}' is missing: build the network with rnet build, without --transport=none")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}.") as scratch:
        fresh = pathlib.Path(scratch) / "out"
        fresh.mkdir()
        for node in plan.nodes:
            _write_node(plan, node, fresh / node.name)
        {"systemd": _write_units, "compose": _write_compose, "kubernetes": _write_manifests}[plan.target](plan, fresh)
        (fresh / "README.md").write_text(_render(f"{plan.target}.md", plan))
        fresh.rename(output)


def _write_node(plan, node, folder):
    folder.mkdir()
    shutil.copy(plan.binaries / plan.program(node), folder)
    (folder / "weights").mkdir()
    plan.generation.copy_to(folder / "weights")
    direct(folder / "weights", plan.generation.name, 1)
    for keys, name in ((node.keys, "identity"), (node.client_keys, "client-identity")):
        if keys:
            (folder / name).mkdir(mode=0o700)
            for file in KEYS:
                shutil.copy(keys / file, folder / name)  # with its mode: a private key stays private


def _write_units(plan, output):
    for node in plan.nodes:
        folder = f"{plan.prefix}/{node.name}"
        command = [f"{folder}/{plan.program(node)}", *plan.arguments(node, folder)]
        for word in command:
            if re.search(r'[\s"\'\\$%;]', word):
                raise Failure(f"'{word}' cannot stand in a systemd unit: spaces, quotes, $, % and ; mean something there")
        lines = " ".join(command).replace(" --", " \\\n  --")
        (output / node.name / f"{plan.program(node)}.service").write_text(_render("node.service", plan, node=node, command=lines))


def _write_compose(plan, output):
    _write_images(plan, output)
    (output / "compose.yaml").write_text(_render("compose.yaml", plan))


def _write_manifests(plan, output):
    _write_images(plan, output)
    (output / "kustomization.yaml").write_text(_render("kustomization.yaml", plan))
    for node in plan.nodes:
        (output / node.name / "node.yaml").write_text(_render("node.yaml", plan, node=node))


def _write_images(plan, output):
    packages = _runtime_packages([plan.binaries / plan.program(node) for node in plan.nodes])
    for node in plan.nodes:
        (output / node.name / "Dockerfile").write_text(_render("Dockerfile", plan, node=node, packages=packages))
        outside = ["identity", "client-identity", *(["weights"] if plan.target == "compose" else [])]
        (output / node.name / ".dockerignore").write_text("".join(f"{name}\n" for name in outside))


def _runtime_packages(programs):
    """The Debian packages of the shared libraries that these programs load."""
    libraries = set()
    for program in programs:
        libraries |= set(re.findall(r"=> (/\S+)", _run("ldd", program)))
    # A library may be known by its path without /usr (merged /usr).
    paths = sorted(libraries | {path.removeprefix("/usr") for path in libraries} | {"/usr" + path for path in libraries})
    found = subprocess.run(["dpkg-query", "-S", *paths], capture_output=True, text=True).stdout
    return sorted({line.split(":")[0] for line in found.splitlines()} - {"libc6", "libgcc-s1", "libstdc++6"}) + ["libstdc++6"]


def _run(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"{command[0]} failed: {done.stderr.strip()}")
    return done.stdout


def _render(template, plan, **facts):
    jinja2 = need_module("jinja2", "python3-jinja2")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "templates"), undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters["dns"] = dns
    environment.filters["port"] = lambda address: address.rpartition(":")[2]
    return environment.get_template(template + ".j2").render(plan=plan, image=IMAGE, **facts)
