"""The command line of `rnet infer`: a client of the Open Inference Protocol over HTTP."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import http.client
import json
import sys
import time

from shared.command import Failure, run_main
from shared.door import connection_to


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="rnet infer",
        usage="rnet infer ADDRESS --input FILE... [--model NAME] [--deadline MS]",
        description="Asks a running network at ADDRESS, HOST:PORT or unix:PATH, which a node opened by --http. Requests are JSON lines {\"id\": 1, "
        "\"inputs\": {NAME: [numbers]}}, answers JSON lines, both as those of rnet run.",
    )
    parser.add_argument("address", metavar="ADDRESS")
    parser.add_argument("--input", nargs="+", required=True, metavar="FILE", help="files of requests; -: standard input")
    parser.add_argument("--model", metavar="NAME", help="the network, where there is more than one")
    parser.add_argument("--deadline", type=int, metavar="MS", help="milliseconds for each answer; default: the network's")
    options = parser.parse_args(arguments)
    if options.deadline is not None and not 1 <= options.deadline <= 600_000:
        parser.error("--deadline takes 1 to 600000 ms")
    return options


class Network:
    """A network behind a door, over one connection that is kept."""

    def __init__(self, address, model, timeout):
        self.address = address
        self.connection = connection_to(address, timeout)
        model = model or self._only_model()
        self.path = f"/v2/models/{model}"
        status, metadata = self.ask("GET", self.path)
        if status != 200:
            raise Failure(metadata["error"])
        self.inputs = {tensor["name"]: tensor["shape"][1:] for tensor in metadata["inputs"]}
        self.output = metadata["outputs"][0]["name"]

    def _only_model(self):
        status, index = self.ask("POST", "/v2/repository/index", "{}")
        models = {version["name"] for version in index} if status == 200 else ()
        if len(models) != 1:
            raise Failure(f"'{self.address}' has no model, or more than one: --model NAME says which")
        return models.pop()

    def ask(self, method, path, body=None):
        try:
            return self._ask_once(method, path, body)
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self.connection.close()  # it was kept for too long: anew
        except (OSError, ValueError) as error:
            raise Failure(f"'{self.address}' does not answer: {error}") from None
        try:
            return self._ask_once(method, path, body)
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise Failure(f"'{self.address}' does not answer: {error or type(error).__name__}") from None

    def _ask_once(self, method, path, body):
        self.connection.request(method, path, body)
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())


def flatten(values):
    return [number for value in values for number in flatten(value)] if isinstance(values, list) else [values]


def answer(network, request, number, deadline):
    """The answer to one line, as `rnet run` gives it."""
    try:
        request = json.loads(request)
    except (ValueError, RecursionError) as error:
        return {"id": number, "error": f"line {number}: no JSON: {error}"}
    inputs = request.get("inputs") if isinstance(request, dict) else None
    if not isinstance(inputs, dict):
        return {"id": number, "error": f"line {number}: there is no object 'inputs'"}
    tensors = [{"name": name, "datatype": "FP32", "shape": [1, *network.inputs.get(name, [])], "data": flatten(values)}
               for name, values in inputs.items()]
    body = {"inputs": tensors, "parameters": {"timeout": 1000 * deadline} if deadline else {}}
    begin = time.monotonic()
    status, said = network.ask("POST", network.path + "/infer", json.dumps(body))
    result = {"id": request.get("id", number), "output": network.output}
    if status != 200:
        result["error"] = said["error"]
    else:
        outputs, parameters = {output["name"]: output["data"] for output in said["outputs"]}, said["parameters"]
        result["class"] = outputs[network.output + "_class"][0]
        if network.output + "_name" in outputs:
            result["name"] = outputs[network.output + "_name"][0]
        result["probabilities"] = outputs[network.output]
        for name in ("nodes", "hyperconnections"):
            result[name] = [part for part in parameters[name].split(",") if part]
        result["expected_accuracy"] = parameters.get("expected_accuracy", "unknown")
        if "expected_accuracy_low" in parameters:
            result["expected_interval"] = [parameters["expected_accuracy_low"], parameters["expected_accuracy_high"]]
    result["time_ms"] = round(1000 * (time.monotonic() - begin), 3)
    return result


def lines(path):
    try:
        with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:
            yield from file
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(f"cannot read '{path}': {getattr(error, 'strerror', None) or error}") from None


def main():
    options = parse(sys.argv[1:])
    network = Network(options.address, options.model, (options.deadline or 60_000) / 1000 + 5)
    number = 0
    for path in options.input:
        for line in lines(path):
            number += 1
            if line.strip():
                print(json.dumps(answer(network, line, number, options.deadline), separators=(",", ":")), flush=True)
    return 0


if __name__ == "__main__":
    run_main(main)
