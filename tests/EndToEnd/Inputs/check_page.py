"""Checks a report: well-formed, nothing from elsewhere, every id once and every reference to one of them, a caption or name for all that is
drawn; and, where Chromium is at hand, that at 1280 pixels no text covers another and nothing sticks out, light and dark.

check_page.py PAGE.html
"""
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree

# All words that are seen, as boxes of a text node each; pairs that cover each other by more than a pixel or two.
MEASURE = """
const seen = [];
const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walk.nextNode()) {
  const node = walk.currentNode;
  if (!node.textContent.trim() || node.parentElement.closest("title, script, details:not([open]) > :not(summary)")) continue;
  const range = document.createRange();
  range.selectNodeContents(node);
  for (const box of range.getClientRects())
    if (box.width > 0 && box.height > 0)
      seen.push({text: node.textContent.trim().slice(0, 40), left: box.left, right: box.right, top: box.top, bottom: box.bottom, node});
}
const covered = [];
for (let i = 0; i < seen.length; ++i)
  for (let j = i + 1; j < seen.length; ++j) {
    const [a, b] = [seen[i], seen[j]];
    if (a.node === b.node) continue;
    // Lines of a font are higher than its letters: they may touch.
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left), high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1.5 && high > 0.3 * Math.min(a.bottom - a.top, b.bottom - b.top)) covered.push(a.text + " | " + b.text);
  }
const out = seen.filter(each => each.left < 0 || each.right > innerWidth).map(each => each.text);
for (const box of document.querySelectorAll("div, dd, td, th, li, pre, p, nav"))
  if (box.clientWidth > 0 && box.scrollWidth > box.clientWidth + 1) out.push(box.tagName + ": " + box.textContent.trim().slice(0, 40));
const figures = [...document.querySelectorAll("svg")].map(svg => {
  const frame = svg.getBoundingClientRect();
  return [...svg.querySelectorAll("text")].filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
  }).map(text => text.textContent.trim());
}).flat();
document.title = JSON.stringify({words: seen.length, covered, out, figures, wide: document.documentElement.scrollWidth, screen: innerWidth,
  dark: getComputedStyle(document.documentElement).backgroundColor});
"""


def check_markup(text):
    root = ElementTree.fromstring(text)  # raises where it is not well-formed
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids)), f"ids that are there twice: {sorted({each for each in ids if ids.count(each) > 1})}"
    for element in root.iter():
        assert element.tag not in ("script", "link", "img", "iframe", "object"), element.tag
        for name, value in element.attrib.items():
            assert name != "src", value
            if name.endswith("href"):
                assert value.startswith("#") and value[1:] in ids, f"{name}={value}"
            for reference in re.findall(r"url\(#?([^)]*)\)", value):
                assert reference in ids, reference
        if element.tag == "svg":
            assert element.get("role") == "img" and element.get("aria-label"), "a drawing without a name"
    for forbidden in ("http:", "https:", "@import", "url(data", "file:"):
        assert forbidden not in text, forbidden
    for tag in ("h1", "main", "nav"):
        assert root.find(f".//{tag}") is not None, tag


def measure(browser, page, width, scheme):
    """What MEASURE finds in a window of this width; `scheme`: light or dark."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder) / "page.html"
        copy.write_text(page.replace("</body>", f"<script>//<![CDATA[\n{MEASURE}\n//]]></script></body>"))
        command = [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={folder}/profile",
                   f"--window-size={width},900", "--hide-scrollbars", f"--blink-settings=preferredColorScheme={int(scheme == 'light')}",
                   "--dump-dom", copy.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        found = re.search(r"<title>(\{.*?\})</title>", done.stdout, re.S)
        assert found, f"Chromium said: {done.stdout[:300]} {done.stderr[-600:]}"
        return json.loads(found[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))


def check_layout(browser, page):
    backgrounds = set()
    for width, scheme in ((1280, "light"), (1280, "dark")):
        found = measure(browser, page, width, scheme)
        assert found["words"] > 100, found
        assert found["screen"] == width and found["wide"] <= width, f"{scheme}, {width} px: the page is {found['wide']} px wide"
        for what in ("covered", "out", "figures"):
            assert not found[what], f"{scheme}, {width} px, {what}: {found[what]}"
        backgrounds.add(found["dark"])
        print(f"{scheme}, {width} px: {found['words']} words, none of which covers another")
    assert len(backgrounds) == 2, "light and dark look the same"


def main():
    page = pathlib.Path(sys.argv[1]).read_text()
    check_markup(page)
    print("well-formed, and needs nothing from elsewhere")
    browser = shutil.which("chromium")
    if browser:
        check_layout(browser, page)
    elif os.environ.get("CI") == "true":
        sys.exit("chromium is missing, and CI must not skip what needs it")
    else:
        print("SKIPPED: chromium is missing, so the layout is not measured")


if __name__ == "__main__":
    main()
