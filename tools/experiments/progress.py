"""What a person sees of an experiment: a live line on a terminal, a line for each finished run everywhere."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import re
import sys
import threading
import time


class Progress:
    """Runs may start and end in any thread. `with progress:` shows the live line meanwhile."""

    def __init__(self, total):
        self._total, self._done, self._made = total, 0, 0
        self._running = {}  # name: log of its training
        self._lock = threading.Lock()
        self._begin = time.monotonic()
        self._live = sys.stderr.isatty()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        if self._live:
            self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        if self._live:
            self._thread.join()
            print("\r\033[K", end="", file=sys.stderr, flush=True)

    def start(self, name, log):
        with self._lock:
            self._running[name] = log

    def finish(self, name, result, made):
        """`made`: now, rather than kept from an earlier call."""
        with self._lock:
            self._running.pop(name, None)
            self._done += 1
            self._made += made
            self.say(f"[{self._done}/{self._total}] {name}: {result}{'' if made else ' (kept)'}")

    def say(self, line):
        print(("\r\033[K" if self._live else "") + line, file=sys.stderr, flush=True)

    def _watch(self):
        while not self._stop.wait(0.5):
            with self._lock:
                parts = [epochs(log) for log in self._running.values()]
                shown = ", ".join(f"{name} {part[0]}/{part[1]}" if part else name for name, part in zip(self._running, parts))
                finished = self._made + sum(part[0] / part[1] for part in parts if part)
                left = self._total - self._done + self._made - finished
                seconds = time.monotonic() - self._begin
                estimate = f"; {clock(seconds / finished * left)} left" if finished > 0.05 else ""
                line = f"{self._done}/{self._total} done{estimate}; epochs: {shown}" if shown else f"{self._done}/{self._total} done"
                print("\r\033[K" + line[:118], end="", file=sys.stderr, flush=True)


def epochs(log):
    """(finished, all) of a training by its log; nothing where it has not got so far."""
    try:
        found = re.findall(r"^epoch (\d+)/(\d+)", log.read_text(errors="replace"), re.M)
    except OSError:
        return None
    return tuple(map(int, found[-1])) if found else None


def clock(seconds):
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
