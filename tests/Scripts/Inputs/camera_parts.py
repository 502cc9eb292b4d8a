"""Makes three small parts, joins them, and compares: camera_parts.py JOIN_PARTS"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import subprocess
import sys

import numpy

random = numpy.random.default_rng(0)
rows = {}
for number, (part, count) in enumerate((("train", 9), ("val", 3), ("test", 4))):
    x = random.integers(0, 256, (count, 6, 4, 4, 3), dtype=numpy.uint8)
    y, frame = random.integers(0, 3, count), random.integers(1, 5, count)
    numpy.savez(f"camera_byobject_{part}.npz", x=x, y=y, frame=frame, present=numpy.ones((count, 6)))
    rows |= {views.tobytes(): (label, at, number) for views, label, at in zip(x, y, frame)}
subprocess.run([sys.executable, sys.argv[1], ".", "joined.npz"], check=True)
joined = numpy.load("joined.npz")
assert sorted(joined.files) == ["frame", "split", *(f"view{k}" for k in range(6)), "y"], joined.files
assert (numpy.diff(joined["frame"]) >= 0).all()
assert len(joined["y"]) == len(rows) == 16
for k in range(16):
    views = numpy.stack([joined[f"view{view}"][k] for view in range(6)])
    assert rows[views.tobytes()] == (joined["y"][k], joined["frame"][k], joined["split"][k]), k
