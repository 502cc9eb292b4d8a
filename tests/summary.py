"""Prints the closing lines of ./test from the reports of ctest and lit; exits 1 if a test failed.

Usage: summary.py REPORTS     the folder with ctest.xml and one SUITE.xml a lit suite, all in JUnit form

ctest counts a lit suite as one test: here its tests are counted instead, where it wrote a report.
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def results(report: pathlib.Path):
    """Yields (name, "passed" | "failed" | "skipped") of each test in a report."""
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        group, name = case.get("classname"), case.get("name")
        if group != name:  # ctest gives the name twice
            name = f"{group}/{name}"
        if case.get("status") == "disabled" or case.find("skipped") is not None:
            yield name, "skipped"
        elif case.find("failure") is not None or case.find("error") is not None:
            yield name, "failed"
        else:
            yield name, "passed"


def main(folder: pathlib.Path) -> int:
    suites = {report.stem: report for report in folder.glob("*.xml")}
    if "ctest" not in suites:
        print("no tests were run: ctest wrote no report")
        return 1
    names = {"passed": [], "failed": [], "skipped": []}
    for name, outcome in results(suites.pop("ctest")):
        if name in suites:
            inner = list(results(suites[name]))
            for test, inner_outcome in inner:
                names[inner_outcome].append(test)
            if outcome == "passed" or any(inner_outcome == "failed" for _, inner_outcome in inner):
                continue
        names[outcome].append(name)
    for name in names["failed"]:
        print(f"failed: {name}")
    skipped = f", {len(names['skipped'])} skipped" if names["skipped"] else ""
    print(f"{len(names['passed'])} passed, {len(names['failed'])} failed{skipped}")
    return 1 if names["failed"] or not names["passed"] else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(pathlib.Path(sys.argv[1])))
