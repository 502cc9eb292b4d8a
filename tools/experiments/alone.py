"""Specs of small models that answer on one machine, from the inputs that it holds."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import re

from shared.command import call_rnet

# As wide as the layers of the health network, where the model has 9,309 parameters.
HIDDEN = "dense(250, relu)"


def holders(network):
    """Nodes that hold an input, in the order of the network; `network` as `rnet emit --as=json` says it."""
    holding = {given["node"] for given in network["inputs"]}
    return [node for node in network["nodes"] if node in holding]


def inputs_at(network, node):
    return [given for given in network["inputs"] if given["node"] == node]


def write_spec(network, recipe, node, hidden):
    """The text of a spec: inputs, output and recipe of `network`, all of it at `node`. `hidden`: what layers there are before the last;
    nothing: HIDDEN, on the flattened input. The node is as reliable as in the network."""
    output = network["outputs"][0]  # the one that is trained and scored
    given = inputs_at(network, node)
    if not hidden:
        hidden = HIDDEN if len(given[0]["shape"]) == 1 else f"flatten  {HIDDEN}"
    lines = [f"// What {node} can say alone: a small model of its own inputs, written by rnet experiment.", f"network {network['network']} {{"]
    for each in given:
        shape = "x".join(map(str, each["shape"]))
        lines.append(f"  input {each['name']}: f32[{shape}] at {node}{' private' if each['private'] else ''}")
    classes = ", ".join(output.get("classes", [str(output["width"])]))
    lines += [
        f"  output {output['name']}: class[{classes}] at {node}",
        "",
        f"  node {node} {{ {hidden}  dense({output['width']}, softmax) }}",
        "",
    ]
    for setting, up in network["reliability"].items():
        lines.append(f"  reliability {setting} {{ {node}: {up.get(node, 'always')} }}")
    return "\n".join([*lines, *(["", f"  {recipe}"] if recipe else []), "}", ""])


def read_recipe(spec):
    """The text of a spec's `train { ... }`, after the constants of that file which it needs; nothing where it has none."""
    text = spec.read_bytes()
    pieces = {"const": {}, "train": {}}
    for kind, name, begin, end in re.findall(r"^ *(const|train) ?(\w*) \[(\d+), (\d+)\)$", call_rnet("emit", spec, "--as=ast"), re.M):
        pieces[kind][name] = text[int(begin) : int(end)].decode()
    recipe = "".join(pieces["train"].values())
    needed, looked = "", recipe
    for name, constant in reversed(pieces["const"].items()):  # a constant uses those above it
        if re.search(rf"\b{name}\b", looked):
            needed = f"{constant}\n  {needed}"
            looked += constant
    return needed + recipe
