"""The command line of `rnet upgrade`."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import http.client
import json
import pathlib
import time

from deploying.generations import Folders, read_generation
from shared.command import Failure, run_main
from shared.door import connection_to

PATIENCE = 60  # seconds for a door to do as it is told


def parse():
    parser = argparse.ArgumentParser(
        prog="rnet upgrade",
        usage="rnet upgrade TARGET [--weights W [--canary SHARE] | --canary SHARE | --promote | --rollback | --finish] [--door ADDRESS]",
        description="Gives the nodes of a running network other weights, without losing a request. TARGET is what rnet deploy wrote, where the nodes run from it, or the "
        "folder that rnet run has its weights from. Nodes hold two generations side by side; requests take the new one once every node that is up has it. Without an "
        "action it says what there is.",
    )
    parser.add_argument("target", type=pathlib.Path, metavar="TARGET")
    parser.add_argument("--weights", type=pathlib.Path, metavar="W", help="the new weights; the table W.accuracy.json goes along where it is there")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--canary", type=float, metavar="SHARE", help="the part of the requests that takes the new weights, from 0 to 1")
    action.add_argument("--promote", action="store_true", help="all requests take the new weights")
    action.add_argument("--rollback", action="store_true", help="all requests take the old weights again")
    action.add_argument("--finish", action="store_true", help="the weights go that no request takes any more")
    parser.add_argument("--door", metavar="ADDRESS", help="HOST:PORT or unix:PATH of the network's HTTP: waits until requests go as they should")
    options = parser.parse_args()
    if options.canary is not None and not 0 <= options.canary <= 1:
        parser.error("--canary takes a part from 0 to 1")
    if options.weights and (options.promote or options.rollback or options.finish):
        parser.error("--weights begins an upgrade: --promote, --rollback and --finish come later")
    return options


def begin(folders, weights, share):
    fresh, held = read_generation(weights), folders.generations()
    for name, generation in held.items():
        if generation.network != fresh.network:
            raise Failure(f"'{weights}' is of network '{fresh.network}', not of '{generation.network}'")
        if generation.fingerprints != fresh.fingerprints:
            raise Failure(f"'{weights}' is for other parameters, another scheme or topology than generation {name}")
    if list(held) == [fresh.name] and not folders.missing(fresh.name):
        raise Failure(f"'{weights}' is generation {fresh.name}, which is there already")
    if fresh.name not in held and len(held) > 1:
        raise Failure(f"generations {' and '.join(held)} are there: end that upgrade with --finish first")
    fresh.check()
    if len(held) == 1:  # until all have the new one, also after a restart
        folders.direct(*held, 1)
    folders.add(fresh)
    folders.direct(fresh.name, share)


def two(folders):
    """The new generation, its part of the requests, and the old one."""
    traffic = list(folders.traffic().items())
    if len(traffic) != 2:
        raise Failure(f"no upgrade is on its way: there is generation {' and '.join(folders.generations())}")
    return *traffic[0], traffic[1][0]


def finish(folders, door):
    fresh, share, old = two(folders)
    if share not in (0, 1):
        raise Failure(f"generation {fresh} takes {share:g} of the requests: say --promote or --rollback first")
    kept, gone = (fresh, old) if share else (old, fresh)
    if lacking := folders.missing(kept):
        raise Failure(f"'{lacking[0]}' lacks generation {kept}")
    if door and (now := ask(door)).get(kept) != 1:
        raise Failure(f"at {door} not all requests take generation {kept}: {describe(now)}")
    folders.remove(gone)
    folders.direct(kept, 1)


def ask(door):
    """The parts of the requests that generations take, as a door says it."""
    try:
        connection = connection_to(door, timeout=10)
        connection.request("GET", "/status")
        return {generation["name"]: generation["share"] for generation in json.loads(connection.getresponse().read())["generations"]}
    except (OSError, ValueError, KeyError, http.client.HTTPException) as error:
        raise Failure(f"'{door}' does not answer: {error or type(error).__name__}") from None


def wait(folders, door):
    limit, wanted = time.monotonic() + PATIENCE, folders.traffic()
    while (now := ask(door)).keys() != wanted.keys() or any(abs(now[name] - part) > 1e-9 for name, part in wanted.items()):
        if time.monotonic() > limit:
            raise Failure(f"after {PATIENCE} s at {door}: {describe(now)}. Every node that is up must hold a generation before requests take it")
        time.sleep(0.1)


def describe(shares):
    return ", ".join(f"generation {name} takes {share:g} of the requests" for name, share in shares.items())


def main():
    options = parse()
    folders = Folders(options.target)
    if options.weights:
        begin(folders, options.weights, 1 if options.canary is None else options.canary)
    elif options.finish:
        finish(folders, options.door)
    elif options.promote or options.rollback or options.canary is not None:
        folders.direct(two(folders)[0], float(options.promote) if options.canary is None else options.canary)
    if options.door:
        wait(folders, options.door)
    for name in folders.generations():
        lacking = "".join(f"; '{folder}' lacks it" for folder in folders.missing(name))
        print(f"generation {name} takes {folders.traffic().get(name, 0):g} of the requests{lacking}")
    return 0


if __name__ == "__main__":
    run_main(main)
