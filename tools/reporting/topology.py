"""The topology as SVG: what `rnet emit --as=dot` says, laid out by Graphviz, coloured by the page's style sheet."""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import subprocess
import xml.etree.ElementTree as ElementTree

from shared.command import Failure, need_program

SVG = "{http://www.w3.org/2000/svg}"
KEPT = {"d", "points", "x", "y", "text-anchor", "transform", "class", "font-size"}


def draw_topology(dot, single_points):
    """SVG text; `single_points`: what ends all flow when it fails. Colours are those of the classes `failable`, `steady`,
    `single-point`, `simple`, `skip`, `exit`, `link` and `group`."""
    need_program("dot", "graphviz")
    done = subprocess.run(["dot", "-Tsvg", "-Granksep=0.3", "-Efontsize=12"], input=dot, capture_output=True, text=True)
    if done.returncode != 0:
        raise Failure(f"Graphviz cannot draw the topology: {done.stderr.strip()}")
    root = ElementTree.fromstring(done.stdout)
    box = root.get("viewBox")
    drawing = root.find(f"{SVG}g")
    drawing.attrib.pop("id", None)
    for child in list(drawing):
        if child.tag in (f"{SVG}title", f"{SVG}polygon"):  # the graph's name, its background
            drawing.remove(child)
    for group in drawing.iter(f"{SVG}g"):
        if group is drawing:
            continue
        title = group.find(f"{SVG}title")
        if title.text in single_points:
            group.set("class", group.get("class") + " single-point")
        title.text = title.text.replace("->", " to ")
    for element in root.iter():
        element.tag = element.tag.removeprefix(SVG)
        for attribute in set(element.attrib) - KEPT:
            del element.attrib[attribute]
    width = float(box.split()[2])
    root.attrib = {"class": "topology", "viewBox": box, "width": f"{width * 4 / 3:.0f}", "role": "img", "aria-label": "the topology: machines, and what they send"}
    return ElementTree.tostring(root, encoding="unicode").strip()
