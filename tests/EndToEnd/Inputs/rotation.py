"""Keys are replaced under a running network: no request is lost, and what comes anew has the new ones.

rotation.py --rnet RNET --spec SPEC --directory DIR --weights W --keys KEYS
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

from cryptography import x509

from forgery import Authority, client_context, replace_folder
from process_files import sockets
from run_matches_evaluator import Processes

LIMIT = 30  # seconds


def serial(data):
    return (x509.load_pem_x509_certificate if data.startswith(b"-") else x509.load_der_x509_certificate)(data).serial_number


def shown(address, client):
    """The number of the certificate that a node shows now."""
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), timeout=LIMIT) as plain:
        with client_context(client).wrap_socket(plain) as tls:
            return serial(tls.getpeercert(binary_form=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rnet", "spec", "directory", "weights"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--keys", type=pathlib.Path, required=True)
    options = parser.parse_args()
    processes = Processes(options, "--identity", str(options.keys), "--restart", "--deadline", "10000")
    nodes = sorted(processes.addresses)
    row = {"readings": [0.5] * 16}
    while len((first := processes.ask(row)).get("hyperconnections", [])) < 5:  # all
        pass
    before = sockets(processes.pids.values())
    answers, stop = [], threading.Event()

    def keep_asking():
        while not stop.is_set():
            answers.append(processes.ask(row))

    asking = threading.Thread(target=keep_asking)
    asking.start()

    def wait_for(what, holds):
        limit = time.monotonic() + LIMIT
        while not holds():
            assert time.monotonic() < limit, what
            time.sleep(0.05)

    def certificates():
        return {node: serial((options.keys / "node" / node / "cert.pem").read_bytes()) for node in nodes}

    client = options.keys / "client/local"
    for _ in range(2):
        old = certificates()
        subprocess.run([options.rnet, "keys", options.spec, "-o", options.keys, "--renew"], check=True, stdout=subprocess.DEVNULL)
        new = certificates()
        for node in nodes:
            assert new[node] != old[node], "--renew makes new certificates"
            wait_for("new certificates count without a restart",
                     lambda: shown(processes.addresses[node], client) == new[node])
    stop.set()
    asking.join()
    assert before <= sockets(processes.pids.values()), "no connection is made anew"
    # On a busy machine a live node may be suspected, and then the answer is that without it.
    errors = [answer["error"] for answer in answers if "class" not in answer]
    others = [answer for answer in answers if answer.get("probabilities") != first["probabilities"]]
    assert all("no information flow" in error for error in errors), errors
    assert len(others) < len(answers) / 2, (len(others), len(answers))
    print(f"keys replaced twice under {len(answers)} requests")

    # A node that starts again talks to those that have not, with keys that these have not seen.
    os.kill(processes.pids["gateway"], signal.SIGKILL)
    wait_for("a node comes back", lambda: processes.ask(row).get("probabilities") == first["probabilities"])
    # One whose certificate has expired does not come back.
    expired = Authority(options.keys / "ca").issue(options.keys / "expired", "spiffe://relay/node/gateway", days=(-3, -1))
    replace_folder(options.keys / "node/gateway", expired)
    ups = [line for line in processes.said if line.startswith("node gateway up")]
    os.kill(int(ups[-1].split()[-1]), signal.SIGKILL)
    wait_for("an expired certificate is named",
             lambda: any("error: 'keys/node/gateway/cert.pem' expired on" in line for line in processes.said))
    wait_for("the others go on without it", lambda: processes.ask(row).get("nodes") == ["sensor", "fog", "cloud"])
    subprocess.run([options.rnet, "keys", options.spec, "-o", options.keys, "--renew"], check=True, stdout=subprocess.DEVNULL)
    wait_for("with a new certificate it comes back", lambda: processes.ask(row).get("probabilities") == first["probabilities"])
    processes.stop()
    print("an expired certificate is refused, until there is a new one")


if __name__ == "__main__":
    main()
