"""Commands, and processes that are timed round by round."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import os
import pathlib
import subprocess


def call(name, *command, folder=None):
    """Runs a command to its end; returns what it said."""
    done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder)
    if done.returncode != 0:
        raise RuntimeError(f"{name} failed with status {done.returncode}:\n" + "\n".join(done.stdout.splitlines()[-10:]))
    return done.stdout


class Timed:
    """A process that reads numbers of requests and answers by the nanoseconds that they took."""

    def __init__(self, *command, environment=None):
        """`environment`: variables beside those of this process."""
        self.name = pathlib.Path(command[1] if "python" in pathlib.Path(command[0]).name else command[0]).name
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env=os.environ | (environment or {}))  # fmt: skip

    def round(self, count):
        try:
            self.process.stdin.write(f"{count}\n")
            self.process.stdin.flush()
            answer = self.process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise RuntimeError(f"{self.name} ended with status {self.process.wait()}")
        return int(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait()
