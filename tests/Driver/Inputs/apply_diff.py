"""Applies a unified diff of one hunk, from standard input, to a file. Fails where a line is not the one that the diff says."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pathlib
import re
import sys

path = pathlib.Path(sys.argv[1])
head, hunk = sys.stdin.read().split("@@ ", 1)
ranges, body = hunk.split(" @@\n", 1)
start, old, new = map(int, re.fullmatch(r"-(\d+),(\d+) \+\1,(\d+)", ranges).groups())
body = body.splitlines(keepends=True)[: body.count("\n")]
lines = path.read_text().splitlines(keepends=True)
while body and not body[-1].startswith((" ", "+", "-")):
    body.pop()
assert [line[1:] for line in body if line[0] != "+"] == lines[start - 1:start - 1 + old], "the old lines are others"
changed = [line[1:] for line in body if line[0] != "-"]
assert len(changed) == new
path.write_text("".join(lines[:start - 1] + changed + lines[start - 1 + old:]))
