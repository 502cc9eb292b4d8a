"""The command line of `rnet report`."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import argparse
import pathlib
import sys

from reporting.facts import gather
from reporting.page import render
from shared.command import run_main, write_text


def main():
    parser = argparse.ArgumentParser(
        prog="rnet report",
        description="Writes one HTML file about a folder: what rnet build wrote, weights that were trained there (W.safetensors, and "
        "W.accuracy.json, which the evaluator writes), experiments. It needs no network to be read.",
    )
    parser.add_argument("directory", type=pathlib.Path, metavar="DIR", help="what rnet build -o or rnet experiment -o wrote")
    parser.add_argument("-o", "--output", type=pathlib.Path, metavar="FILE.html", help="default: DIR/report.html")
    options = parser.parse_args()
    output = options.output or options.directory / "report.html"
    write_text(output, render(gather(options.directory)))
    print(f"rnet: the report is in {output}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    run_main(main)
