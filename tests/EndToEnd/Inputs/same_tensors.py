"""Two weights files hold the same tensors of a list of layers, bit for bit: same_tensors.py A.safetensors B.safetensors PREFIX"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import sys

import torch

import twin

first, second = (
    {name: tensor for name, tensor in twin.load_weights(path).items() if name.startswith(sys.argv[3])} for path in sys.argv[1:3]
)
assert first and first.keys() == second.keys()
for name, tensor in first.items():
    assert torch.equal(tensor, second[name]), name
print(f"{len(first)} tensors are the same")
