"""One dataset of the camera files' three parts: join_parts.py DIR OUT.npz

DIR has camera_byobject_train.npz, camera_byobject_val.npz and camera_byobject_test.npz with x [rows, 6 views, 32, 32, 3], y and frame. OUT has the arrays
view0 to view5, y, frame and split, which is the parts' own. Rows are in the order of frames, for those who split by them.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import pathlib

import numpy


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("out")
    options = parser.parse_args()
    parts = [numpy.load(options.directory / f"camera_byobject_{part}.npz") for part in ("train", "val", "test")]
    joined = {name: numpy.concatenate([part[name] for part in parts]) for name in ("x", "y", "frame")}
    joined["split"] = numpy.repeat(numpy.arange(3), [len(part["y"]) for part in parts])
    order = numpy.argsort(joined["frame"], kind="stable")
    views = joined.pop("x")[order]
    arrays = {f"view{k}": views[:, k] for k in range(views.shape[1])}
    numpy.savez(options.out, **arrays, **{name: array[order] for name, array in joined.items()})


if __name__ == "__main__":
    main()
