#!/bin/sh
# Everything that must hold of the health example under one scheme: check_scheme.sh SCHEME RNET PYTHON EXAMPLES FOLDER
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
set -eu
scheme=$1 rnet=$2 python=$3 examples=$4 out=$5
inputs=$(dirname "$0")
spec=$examples/01-health/health.rnet
rm -rf "$out"
mkdir -p "$out"
cd "$out"

"$python" "$examples/01-health/make_data.py" data.npz --samples 1500
"$rnet" build "$spec" -o built --scheme="$scheme" --march=native
train="built/bin/health-train --data data.npz"

# In float64, from the same weights: gradients of every failure pattern, and two epochs step by step.
$train --epochs 0 --element f64 --out first.safetensors
$train --init first.safetensors --element f64 --batch 64 --gradients gradients.npz
$train --init first.safetensors --element f64 --epochs 2 --out followed.safetensors --trace trace.npz
if "$python" -c 'import torch' 2>/dev/null; then
  "$python" "$inputs/gradients.py" --network health --weights first.safetensors --gradients gradients.npz --scheme "$scheme"
  "$python" "$inputs/follow_training.py" --network health --trace trace.npz --init first.safetensors --final followed.safetensors \
    --data data.npz --scheme "$scheme"
elif [ "${CI:-}" = true ]; then
  echo "python3-torch is missing, and CI must not skip what needs it"
  exit 1
else
  echo "SKIPPED: python3-torch is missing, so nothing is compared with PyTorch"
fi

# The same seed gives the same bytes, whatever the threads.
$train --epochs 2 --threads 1 --out weights.safetensors
$train --epochs 2 --threads 2 --out again.safetensors
cmp weights.safetensors again.safetensors

"$python" "$inputs/run_matches_evaluator.py" --rnet "$rnet" --directory built --weights weights.safetensors \
  --data data.npz --rows 100
"$python" "$inputs/interpreter_agrees.py" --rnet "$rnet" --directory built --weights weights.safetensors \
  --data data.npz --spec "$spec" --scheme "$scheme" --rows 20
