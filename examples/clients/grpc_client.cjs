// Asks a running network over gRPC, with @grpc/grpc-js and @grpc/proto-loader (npm ci).
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// node grpc_client.cjs PROTO ADDRESS MODEL < requests.jsonl     lines {"inputs": {NAME: [numbers]}}
const {createInterface} = require("node:readline");
const grpc = require("@grpc/grpc-js");
const loader = require("@grpc/proto-loader");

const [proto, address, model] = process.argv.slice(2);
const {inference} = grpc.loadPackageDefinition(loader.loadSync(proto, {keepCase: true, longs: Number, oneofs: true}));
const client = new inference.GRPCInferenceService(address, grpc.credentials.createInsecure());
const call = (name, request) => new Promise((resolve, reject) => {
  client[name](request, {deadline: Date.now() + 2000}, (error, answer) => (error ? reject(error) : resolve(answer)));
});

async function main() {
  const metadata = await call("ModelMetadata", {name: model});
  const shapes = Object.fromEntries(metadata.inputs.map(({name, shape}) => [name, [1, ...shape.slice(1)]]));
  for await (const line of createInterface({input: process.stdin})) {
    const inputs = Object.entries(JSON.parse(line).inputs).map(([name, values]) => ({name, datatype: "FP32", shape: shapes[name], values}));
    const request = {
      model_name: model,
      inputs: inputs.map(({values, ...tensor}) => tensor),
      raw_input_contents: inputs.map(({values}) => Buffer.from(new Float32Array(values).buffer)),
    };
    let result;
    try {
      const answer = await call("ModelInfer", request);
      result = Object.fromEntries(Object.entries(answer.parameters).map(([name, value]) => [name, value[value.parameter_choice]]));
      answer.outputs.forEach(({name, datatype}, k) => {
        const bytes = new Uint8Array(answer.raw_output_contents[k]).buffer; // a copy, on a border of eight bytes
        if (datatype === "FP32") result[name] = [...new Float32Array(bytes)];
        if (datatype === "INT64") result[name] = [...new BigInt64Array(bytes)].map(Number);
      });
    } catch (error) {
      result = {status: error.code, error: error.details};
    }
    console.log(JSON.stringify(result));
  }
  client.close();
}

main();
