# SPDX-License-Identifier: GPL-2.0
"""site.py BUILD: every link and anchor of the site leads somewhere, it reads on a phone, and whatever `dime` has is described in it
(described.py). Warnings of mkdocs and of Doxygen are errors.
"""
import os
import shutil
import sys
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlparse

from described import described, missing
from steps import ROOT, check, run, skip


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.links, self.anchors, self.words, self.viewport = [], set(), [], False
        self.feed(text)
        self.text = "".join(self.words)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        self.anchors |= {values[name] for name in ("id", "name") if values.get(name)}
        self.links += [values[name] for name in ("href", "src") if values.get(name)]
        self.viewport |= tag == "meta" and values.get("name") == "viewport"

    def handle_data(self, data):
        self.words.append(data)


def problems_of(site, pages):
    for path, page in pages.items():
        for link in page.links:
            parts = urlparse(link)
            if parts.scheme or parts.netloc or link.startswith("//"):
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path not in ("", ".") else path
            if target.is_dir():
                target /= "index.html"
            where = path.relative_to(site)
            if not target.exists():
                yield f"{where}: {link} leads nowhere"
            elif parts.fragment and target in pages and parts.fragment not in pages[target].anchors:
                yield f"{where}: {link}: no such heading"


def main():
    build = Path(sys.argv[1]).resolve()
    site = build / "site/html"
    for tool in ("mkdocs", "doxygen"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    run("/usr/bin/python3", "-B", ROOT / "tools/site/site.py", build / "bin/dime", build / "site")
    # 404.html has links for a site at the root of a server.
    pages = {path: Page(path.read_text()) for path in site.rglob("*.html") if path.name != "404.html"}
    problems = list(problems_of(site, pages))
    check(not problems, "\n".join(problems[:30]))
    check(all(page.viewport for path, page in pages.items() if "api" not in path.parts), "a page does not say that it fits a phone")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        os.chmod(folder, 0o700)
        for name, names in described(build / "bin/dime", folder).items():
            lost = missing(names, pages[site / f"manual/{name}.html"].text.replace("dime-" if name == "dime.1" else "\0", ""))
            check(not lost, f"the site's page of {name} does not have {lost}")


if __name__ == "__main__":
    main()
