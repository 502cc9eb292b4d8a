"""A chain of N nodes, with a skip around every third: make_chain.py N"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import sys

n = int(sys.argv[1])
print(f"network big {{\n  input x: f32[8] at n0\n  output y: class[8] at n{n - 1}\n  node n0")
for k in range(1, n):
    print(f"  node n{k} {{ dense(8, {'relu' if k < n - 1 else 'softmax'}) }}")
for k in range(1, n):
    print(f"  n{k - 1} -> n{k}")
for k in range(1, n - 3, 3):
    print(f"  skip n{k} -> n{k + 2}")
print("  reliability r { " + "  ".join(f"n{k}: 0.9" for k in range(1, n - 1)) + " }\n}")
