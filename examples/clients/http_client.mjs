// Asks a running network over HTTP, with nothing but Node's own fetch.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// node http_client.mjs ADDRESS MODEL < requests.jsonl     lines {"inputs": {NAME: [numbers]}}
import {createInterface} from "node:readline";

const [address, model] = process.argv.slice(2);
const url = `http://${address}/v2/models/${model}`;
const metadata = await (await fetch(url)).json();
const shapes = Object.fromEntries(metadata.inputs.map(({name, shape}) => [name, [1, ...shape.slice(1)]]));

for await (const line of createInterface({input: process.stdin})) {
  const inputs = Object.entries(JSON.parse(line).inputs).map(([name, data]) => ({name, datatype: "FP32", shape: shapes[name], data}));
  const answer = await fetch(`${url}/infer`, {method: "POST", body: JSON.stringify({inputs})});
  const said = await answer.json();
  const result = answer.ok ? {...said.parameters} : {status: answer.status, error: said.error};
  for (const {name, data} of said.outputs ?? []) result[name] = data;
  console.log(JSON.stringify(result));
}
