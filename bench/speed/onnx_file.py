"""Writes ONNX files, as far as the networks of this folder need it: operators of opset 13 on float tensors.

Protocol buffers are encoded here, so nothing but numpy is needed; the numbers of the fields are those of onnx.proto.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import struct

import numpy

FLOAT, INT64 = 1, 7  # TensorProto.DataType
ATTRIBUTE_FLOAT, ATTRIBUTE_INT, ATTRIBUTE_INTS = 1, 2, 7  # AttributeProto.AttributeType


def varint(value):
    data = bytearray()
    while value > 127:
        data.append(value & 127 | 128)
        value >>= 7
    return bytes(data + bytes([value]))


def field(number, value):
    """An integer, a float, a text, or bytes: a message within the message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def message(*fields):
    """Of pairs (number, value); a list is a repeated field."""
    return b"".join(field(number, one) for number, value in fields for one in (value if isinstance(value, list) else [value]))


def attribute(name, value):
    if isinstance(value, float):
        return message((1, name), (2, value), (20, ATTRIBUTE_FLOAT))
    if isinstance(value, int):
        return message((1, name), (3, value), (20, ATTRIBUTE_INT))
    return message((1, name), (8, list(value)), (20, ATTRIBUTE_INTS))


def value_info(name, shape):
    dimensions = message((1, [message((1, size)) for size in shape]))
    return message((1, name), (2, message((1, message((1, FLOAT), (2, dimensions))))))


class Graph:
    """One operator after the other; values are their names."""

    def __init__(self):
        self.nodes, self.constants = [], []

    def constant(self, name, array):
        array = numpy.ascontiguousarray(array, numpy.int64 if array.dtype == numpy.int64 else numpy.float32)
        kind = INT64 if array.dtype == numpy.int64 else FLOAT
        self.constants.append(message((1, list(array.shape)), (2, kind), (8, name), (9, array.tobytes())))
        return name

    def add(self, operator, *inputs, output=None, **attributes):
        name = output or f"{operator.lower()}{len(self.nodes)}"
        given = [attribute(key, value) for key, value in attributes.items()]
        self.nodes.append(message((1, list(inputs)), (2, name), (3, name), (4, operator), (5, given)))
        return name

    def write(self, path, input_shape, output_shape):
        """The graph from `input` to `output`."""
        graph = message(
            (1, self.nodes),
            (2, "rnet"),
            (5, self.constants),
            (11, value_info("input", input_shape)),
            (12, value_info("output", output_shape)),
        )
        path.write_bytes(message((1, 8), (2, "rnet"), (7, graph), (8, message((1, ""), (2, 13)))))
