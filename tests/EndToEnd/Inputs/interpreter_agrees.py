"""The evaluator's outputs against the reference interpreter's, which folds nothing but into narrow weights, fuses nothing, and computes in double precision.

interpreter_agrees.py --rnet RNET --directory DIR --weights W --data F.npz --spec S --scheme S [--rows N] [--patterns N] [--tolerance E]
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import json
import pathlib
import subprocess
import tempfile

import numpy

from programs import Built, down_nodes, sample


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rnet", "directory", "weights", "data", "spec", "scheme"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--rows", type=int, default=5)
    parser.add_argument("--patterns", type=int, default=8)
    parser.add_argument("--tolerance", type=float, default=1e-5)
    options = parser.parse_args()
    built = Built(options.directory)
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        outputs = built.evaluate(options.weights, options.data, folder / "outputs.npz")
        numpy.savez(folder / "rows.npz", **built.rows(options.data, outputs["rows"][: options.rows]))
        downs = down_nodes(outputs)
        table = json.loads(pathlib.Path(options.weights.removesuffix(".safetensors") + ".accuracy.json").read_text())["patterns"]
        chosen = sample([len(down) for down in downs], options.patterns)
        for k in sorted(chosen):
            text = subprocess.run(
                [options.rnet, "interpret", options.spec, "--scheme", options.scheme, "--weights", options.weights,
                 "--data", folder / "rows.npz", *(["--down", ",".join(downs[k])] if downs[k] else [])],
                check=True, capture_output=True, text=True,
            ).stdout
            lines = [json.loads(line) for line in text.splitlines()]
            assert all(line.get("exit") == table[k].get("exit") for line in lines), (downs[k], "another exit answers")
            rows = [line["outputs"][built.output] for line in lines]
            assert len(rows) == min(options.rows, len(outputs["rows"]))
            for row, values in enumerate(rows):
                found = outputs[f"output/{k}"][row]
                if values is None:
                    assert not found.any(), (downs[k], row, "the evaluator has an answer, the interpreter none")
                    continue
                error = float(numpy.linalg.norm(found - values) / numpy.linalg.norm(values))
                worst = max(worst, error)
                assert error <= options.tolerance, (downs[k], row, error)
    print(f"the interpreter agrees to {worst:.1e} in {len(chosen)} of {len(downs)} failure patterns")


if __name__ == "__main__":
    main()
