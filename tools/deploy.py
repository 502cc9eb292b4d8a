"""The command line of `rnet deploy`."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import pathlib
import sys
import tempfile

from deploying.bundle import write_bundle
from deploying.generations import read_generation
from deploying.plan import TARGETS, make_plan, read_network
from shared.command import call_rnet, run_main


def deploy_built(options):
    write_bundle(make_plan(options, read_network(options.network), options.network), options.output)


def deploy_spec(options):
    """Builds the network too, which takes longest, once it is clear that the rest is as it should be."""
    scheme = f"--scheme={read_generation(options.weights).scheme}"
    network = json.loads(call_rnet("emit", options.network, "--as=json", scheme))
    with tempfile.TemporaryDirectory(prefix="rnet-deploy-") as scratch:
        built = pathlib.Path(scratch) / "built"
        plan = make_plan(options, network, built)
        print(f"rnet: building {options.network} with {scheme}", file=sys.stderr, flush=True)
        call_rnet("build", options.network, scheme, "-o", built)
        write_bundle(plan, options.output)


def main():
    parser = argparse.ArgumentParser(
        prog="rnet deploy",
        usage="rnet deploy SPEC|DIR --weights W --to systemd|compose|kubernetes -o OUT [--keys KEYS] [--site SITE.toml] [--prefix PATH]",
        description="Writes what it takes to run a network on real machines: for each node a folder with its program, weights and keys, and "
        "systemd units, a compose file or Kubernetes manifests that start it with the addresses of those it sends to. SITE.toml says where "
        "nodes are: docs/deploy.md.",
    )
    parser.add_argument("network", type=pathlib.Path, metavar="SPEC|DIR", help="the .rnet file, which is built under the scheme of the weights; or what rnet build -o wrote")
    parser.add_argument("--weights", type=pathlib.Path, required=True, metavar="W", help="its weights; the table W.accuracy.json goes along where it is there")
    parser.add_argument("--to", required=True, choices=TARGETS, help="what starts the nodes")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True, metavar="OUT", help="a folder, made anew")
    parser.add_argument("--keys", type=pathlib.Path, metavar="KEYS", help="what rnet keys wrote; without it nodes talk in plain text, on one machine only")
    parser.add_argument("--site", type=pathlib.Path, metavar="SITE.toml", help="addresses of nodes, doors for clients")
    parser.add_argument("--prefix", type=pathlib.PurePosixPath, metavar="PATH", help="where OUT will lie on the machines (default: /opt/NETWORK; systemd)")
    options = parser.parse_args()
    (deploy_spec if options.network.is_file() else deploy_built)(options)
    print(f"rnet: {options.output} is ready for {options.to}; {options.output}/README.md says how to start it", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
