"""Runs a command and sends it Ctrl-C at the first line of its standard error that matches. Prints that error output.

interrupt.py PATTERN COMMAND...
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import re
import signal
import subprocess
import sys


def main():
    pattern, *command = sys.argv[1:]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    seen = False
    for line in process.stderr:
        print(line, end="")
        if not seen and re.search(pattern, line):
            seen = True
            process.send_signal(signal.SIGINT)
    assert seen, f"no line matched {pattern!r}"
    sys.exit(process.wait())


if __name__ == "__main__":
    main()
