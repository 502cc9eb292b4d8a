"""Prints a spec of a chain of N nodes of so many layers each (default: one), with a skip hyperconnection from each to one up to 60 nodes on.

    long_chain.py N [LAYERS]
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import random
import sys

nodes, layers, generator = int(sys.argv[1]), int((sys.argv + [1])[2]), random.Random(1)
print("network long {\n  input x: f32[8] at n0\n" + f"  output y: class[4] at n{nodes - 1}\n  node n0")
for k in range(1, nodes):
    print(f"  node n{k} {{ " + "\n    ".join(["dense(8, relu)"] * layers) + ("  dense(4, softmax)" if k == nodes - 1 else "") + " }")
for k in range(nodes - 1):
    print(f"  n{k} -> n{k + 1}")
for k in range(nodes - 61):
    print(f"  skip n{k} -> n{k + generator.randint(2, 60)}")
print("  reliability bad { " + "  ".join(f"n{k}: 0.99" for k in range(1, nodes - 1)) + " }\n}")
