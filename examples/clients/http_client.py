"""Asks a running network over HTTP, with nothing but Python's standard library.

http_client.py ADDRESS MODEL [--binary] < requests.jsonl     lines {"inputs": {NAME: [numbers]}}
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import json
import struct
import sys
import urllib.error
import urllib.request

address, model = sys.argv[1:3]
binary = "--binary" in sys.argv
url = f"http://{address}/v2/models/{model}"
with urllib.request.urlopen(url) as answer:
    shapes = {tensor["name"]: [1] + tensor["shape"][1:] for tensor in json.load(answer)["inputs"]}

for line in sys.stdin:
    tensors, tail = [], b""
    for name, values in json.loads(line)["inputs"].items():
        tensor = {"name": name, "datatype": "FP32", "shape": shapes[name]}
        if binary:  # behind the JSON, as bytes
            data = struct.pack(f"<{len(values)}f", *values)
            tensor["parameters"] = {"binary_data_size": len(data)}
            tail += data
        else:
            tensor["data"] = values
        tensors.append(tensor)
    body = json.dumps({"inputs": tensors, "parameters": {"binary_data_output": binary}}).encode()
    request = urllib.request.Request(url + "/infer", body + tail, {"Inference-Header-Content-Length": str(len(body))} if binary else {})
    try:
        with urllib.request.urlopen(request) as answer:
            length, content = answer.headers["Inference-Header-Content-Length"], answer.read()
    except urllib.error.HTTPError as error:
        print(json.dumps({"status": error.code, "error": json.load(error)["error"]}), flush=True)
        continue
    said, rest = json.loads(content[: int(length)] if length else content), content[int(length or 0) :]
    result = dict(said["parameters"])
    for output in said["outputs"]:
        if "data" in output:
            result[output["name"]] = output["data"]
        else:
            size = output["parameters"]["binary_data_size"]
            kind = {"FP32": "f", "INT64": "q"}.get(output["datatype"])
            if kind:  # names of classes are left to the other clients
                result[output["name"]] = list(struct.unpack(f"<{size // struct.calcsize(kind)}{kind}", rest[:size]))
            rest = rest[size:]
    print(json.dumps(result), flush=True)
