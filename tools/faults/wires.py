"""The connections between nodes, through proxies that can fail."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import asyncio
import random
import socket
import threading

CHUNK = 1 << 16


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Wire:
    """From one node to another. While it is `silent` bytes vanish; a chunk takes `delay` seconds; of `corrupt` chunks in a
    thousand one bit is another. Neither end is told."""

    def __init__(self, target, seed):
        self.target, self.port = target, None
        self.silent, self.delay, self.corrupt = False, 0.0, 0
        self.draw = random.Random(seed)

    async def serve(self):
        self.loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    async def _connect(self, reader, writer):
        try:
            up = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()  # nobody listens: refused, as it would be without us
            return
        await asyncio.gather(self._pump(reader, up[1]), self._pump(up[0], writer))

    async def _pump(self, reader, writer):
        chunks = asyncio.Queue()  # (when it is there, bytes), in order, whatever the delay becomes
        forwarding = asyncio.create_task(self._forward(chunks, writer))
        try:
            while data := await reader.read(CHUNK):
                await chunks.put((self.loop.time() + self.delay, data))
        except OSError:
            pass
        await chunks.put((0, b""))
        await forwarding

    async def _forward(self, chunks, writer):
        try:
            while True:
                due, data = await chunks.get()
                if not data:
                    break
                if (wait := due - self.loop.time()) > 0:
                    await asyncio.sleep(wait)
                if self.silent:
                    continue
                if self.corrupt and self.draw.randrange(1000) < self.corrupt:
                    changed = bytearray(data)
                    changed[self.draw.randrange(len(changed))] ^= 1 << self.draw.randrange(8)
                    data = bytes(changed)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()


class Wires:
    """All wires of a deployment, in a thread of their own."""

    def __init__(self, targets, seed):
        """`targets`: the receiver's port, by (sender, receiver)."""
        self.all = {ends: Wire(port, f"{seed} {ends}") for ends, port in targets.items()}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        for wire in self.all.values():
            asyncio.run_coroutine_threadsafe(wire.serve(), self._loop).result(10)

    def of(self, node):
        """Those that end at a node."""
        return [wire for ends, wire in self.all.items() if node in ends]
