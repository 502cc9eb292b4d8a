"""Reads rnet's weights files, which are safetensors, with NumPy alone."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import json
import pathlib

import numpy

TYPES = {"F32": numpy.float32, "F64": numpy.float64}


def read_weights(path):
    """Tensors by name, as arrays of their own."""
    data = pathlib.Path(path).read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    header.pop("__metadata__", None)
    return {
        name: numpy.frombuffer(data[begin:][slice(*entry["data_offsets"])], TYPES[entry["dtype"]]).reshape(entry["shape"]).copy()
        for name, entry in header.items()
    }
