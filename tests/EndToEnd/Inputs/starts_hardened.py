"""What a hardened network starts with, by hand: its first network's tensors, copies of them, and averages over the training rows.

starts_hardened.py --network N --plain W0.safetensors --hardened W.safetensors --data F.npz
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse

import numpy
import torch

import networks
import twin


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("network", "plain", "hardened", "data"):
        parser.add_argument("--" + name, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    network = getattr(networks, options.network)
    plain, hardened = (twin.load_weights(path) for path in (options.plain, options.hardened))
    assert all(torch.equal(plain[name], hardened[name]) for name in plain), "the first network is as it was"
    copies = [name for name in hardened if ".projection." in name]
    for name in copies:
        assert torch.equal(hardened[name], plain[name.split(".projection.")[1]]), name

    # The split is contiguous: training rows come first. What a node sends is what it computes of all there is.
    data = numpy.load(options.data)
    rows = len(data["y"]) * 8 // 10
    inputs = network.inputs_of({name: data[name][:rows] for name in network.inputs})
    sent = {}
    for node, compute in network.nodes.items():
        network.nodes[node] = lambda layers, x, node=node, compute=compute: sent.setdefault(node, compute(layers, x))
    network.forward({name: tensor.double() for name, tensor in hardened.items()}, inputs, "resilinet", {})
    for sender, receiver in network.averages:
        found = hardened.pop(f"{sender}_to_{receiver}.average").double()
        torch.testing.assert_close(found, sent[sender].mean(0).flatten(), rtol=1e-5, atol=1e-6)
    assert len(hardened) == len(plain) + len(copies), "and there is nothing else"
    print(f"{len(plain)} tensors as they were, {len(copies)} copies, {len(network.averages)} averages")


if __name__ == "__main__":
    main()
