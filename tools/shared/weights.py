"""Reads rnet's weights files, which are safetensors."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import json
import pathlib


def read_header(path):
    """The header as JSON: an entry for each tensor, and `__metadata__`. ValueError where the file is none."""
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        if size > 100_000_000:
            raise ValueError(f"'{path}' is no weights file")
        header = json.loads(file.read(size))
    if not isinstance(header, dict):
        raise ValueError(f"'{path}' is no weights file")
    return header


def read_weights(path):
    """Tensors by name, as NumPy arrays of their own."""
    import numpy

    types = {"F32": numpy.float32, "F64": numpy.float64}
    header = read_header(path)
    header.pop("__metadata__", None)
    data = pathlib.Path(path).read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    return {
        name: numpy.frombuffer(data[begin:][slice(*entry["data_offsets"])], types[entry["dtype"]]).reshape(entry["shape"]).copy()
        for name, entry in header.items()
    }
