"""How large the arenas of these specs' programs are, beside the most that is alive in them at once: arenas.py RNET RNET_OPT SPEC..."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import re
import subprocess
import sys

rnet, rnet_opt, *specs = sys.argv[1:]
for spec in specs:
    for scheme in ("vanilla", "resilinet", "resilinet+"):
        programs = subprocess.run([rnet, "emit", spec, "--as=nodes", f"--scheme={scheme}"], check=True, capture_output=True).stdout
        plan = ["--pass-pipeline=builtin.module(rnet.program(rnet-plan-buffers{report}))", "-o", "/dev/null"]
        said = subprocess.run([rnet_opt, *plan], input=programs, check=True, capture_output=True).stderr.decode()
        arenas = re.findall(r"remark: (\w+) has (\d+) columns, (\d+) of them", said)
        infer = [(int(columns), int(alive)) for name, columns, alive in arenas if not name.endswith("Trainer")]
        train = [(int(columns), int(alive)) for name, columns, alive in arenas if name.endswith("Trainer")]
        assert infer and len(infer) == len(train), said
        worst = max(columns / max(alive, 1) for columns, alive in train)
        print(f"{scheme}: {sum(columns == alive for columns, alive in infer)} of {len(infer)} to infer have no more than is alive, to train at most {worst:.2f} x")
