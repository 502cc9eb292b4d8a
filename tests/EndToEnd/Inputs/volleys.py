"""Very many calls in a short time, in HTTP/2 by hand: most of them bad."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
CALLS = 50  # at a time


def frame(kind, flags, stream, payload, length=None):
    return struct.pack(">I", len(payload) if length is None else length)[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def headers(path):
    """The header block of a call, in literals alone."""
    block = b""
    for name, value in ((":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x"), ("content-type", "application/grpc"), ("te", "trailers")):
        block += b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
    return block


def volley(one, draw, count):
    """Over one connection, so many calls, or a few more, of paths and messages that `draw()` gives: how many the server has ended before it hung up, or
    had nothing to say for a moment: some are to be kept waiting."""
    ended, stream, received = 0, 1, b""
    with one:
        one.settimeout(0.3)
        one.sendall(PREFACE + frame(4, 0, 0, b""))
        while ended < count:
            sent = b""
            for _ in range(CALLS):
                path, message = draw()
                data = b"\0" + struct.pack(">I", len(message)) + message
                sent += frame(1, 4, stream, headers(path)) + frame(0, 1, stream, data)
                stream += 2
            one.sendall(sent)
            missing = CALLS
            while missing:
                try:
                    if not (more := one.recv(65536)):
                        return ended
                except OSError:
                    return ended
                received += more
                while len(received) >= 9 and len(received) >= (end := 9 + int.from_bytes(received[:3], "big")):
                    if received[3] == 3 or (received[3] == 1 and received[4] & 1):  # a reset, or trailers
                        missing -= 1
                        ended += 1
                    elif received[3] == 0 and end > 9:  # answers count against our window
                        one.sendall(frame(8, 0, 0, struct.pack(">I", end - 9)))
                    received = received[end:]
    return ended
