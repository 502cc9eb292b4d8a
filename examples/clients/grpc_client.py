"""Asks a running network over gRPC, with Debian's python3-grpcio and stubs that protoc makes.

protoc -I runtime/lib/net --python_out=STUBS --grpc_out=STUBS --plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin inference.proto
PYTHONPATH=STUBS grpc_client.py ADDRESS MODEL < requests.jsonl     lines {"inputs": {NAME: [numbers]}}
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import json
import struct
import sys

import grpc
import inference_pb2
import inference_pb2_grpc

address, model = sys.argv[1:3]
with grpc.insecure_channel(address) as channel:
    stub = inference_pb2_grpc.GRPCInferenceServiceStub(channel)
    metadata = stub.ModelMetadata(inference_pb2.ModelMetadataRequest(name=model))
    shapes = {tensor.name: [1] + list(tensor.shape)[1:] for tensor in metadata.inputs}
    for line in sys.stdin:
        request = inference_pb2.ModelInferRequest(model_name=model)
        for name, values in json.loads(line)["inputs"].items():
            tensor = request.inputs.add(name=name, datatype="FP32", shape=shapes[name])
            tensor.contents.fp32_contents.extend(values)
        try:
            answer = stub.ModelInfer(request, timeout=2)
        except grpc.RpcError as error:
            print(json.dumps({"status": error.code().name, "error": error.details()}), flush=True)
            continue
        result = {name: getattr(value, value.WhichOneof("parameter_choice")) for name, value in answer.parameters.items()}
        for output, content in zip(answer.outputs, answer.raw_output_contents):
            kind = {"FP32": "f", "INT64": "q"}.get(output.datatype)
            if kind:
                result[output.name] = list(struct.unpack(f"<{len(content) // struct.calcsize(kind)}{kind}", content))
        print(json.dumps(result), flush=True)
