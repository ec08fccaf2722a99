# SPDX-License-Identifier: GPL-2.0
"""Every relative link in the documentation leads to a file, and every #anchor to a heading."""
import re

import sources

LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def prose(path):
    """The text without fenced code."""
    return re.sub(r"^```.*?^```", "", path.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(path):
    """The anchors of the headings, as the common renderers make them."""
    headings = re.findall(r"^#+ +(.*)$", prose(path), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def problems_of(path):
    for link in LINK.findall(prose(path)):
        if re.match(r"[a-z]+:", link):
            continue
        target, _, anchor = link.partition("#")
        other = (path.parent / target) if target else path
        if not other.exists():
            yield f"{sources.name(path)}: {link} leads nowhere"
        elif anchor and anchor not in anchors(other):
            yield f"{sources.name(path)}: {link}: no such heading"


if __name__ == "__main__":
    pages = [path for path in sources.files() if path.suffix == ".md"]
    sources.verdict([problem for page in pages for problem in problems_of(page)])
