"""What processes hold open, and where they listen, as the kernel knows it."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pathlib
import socket
import struct


def files(pid):
    """What its descriptors stand for."""
    names = []
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            names.append(str(entry.readlink()))
        except FileNotFoundError:  # closed meanwhile
            pass
    return names


def sockets(pids):
    return {name for pid in pids for name in files(pid) if name.startswith("socket:")}


def memory(pid):
    """Resident, in bytes."""
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def listening(pid):
    """The addresses at which a process takes connections or datagrams."""
    own = {name[len("socket:[") : -1] for name in files(pid) if name.startswith("socket:")}
    found = set()
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        table = pathlib.Path(f"/proc/{pid}/net/{kind}")
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            columns = line.split()
            if columns[9] in own and (columns[3] == "0A" or kind.startswith("udp")):
                host, port = columns[1].split(":")
                words = struct.unpack(f">{len(host) // 8}I", bytes.fromhex(host))
                packed = struct.pack(f"<{len(words)}I", *words)
                host = socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, packed)
                found.add((kind[:3], f"{host}:{int(port, 16)}"))
    for line in pathlib.Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]:
        columns = line.split()
        if columns[6] in own and int(columns[3], 16) & 0x10000:  # it accepts connections
            found.add(("unix", columns[7]))
    return found
