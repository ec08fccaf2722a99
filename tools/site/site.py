# SPDX-License-Identifier: GPL-2.0
"""site.py DIME OUT: puts the pages of the site together in OUT/pages, and makes OUT/html of them with mkdocs.

Pages are those of docs/ and the manual pages, which are made of what `dime` says of itself. A link from a page to another file of the
repository leads to a copy of it, or is only its text where it is a folder.
"""
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "manual"))
from pages import pages  # noqa: E402
from reference import COMMENT, ROOT  # noqa: E402

LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#:]+)(#[^)\s]*)?\)")
HOW_TO = ["server", "database", "container", "policy", "prediction", "stacks", "cluster", "hardware"]
# Title of the section: files of the repository, in their order.
SECTIONS = {
    "Tutorial": ["docs/tutorial.md", "docs/examples.md"],
    "How to": [f"docs/howto/{name}.md" for name in HOW_TO],
    "Reference": ["docs/reference.md", "docs/trace-format.md", "docs/stability.md", "python/README.md", "CHANGELOG.md"],
    "Explanation": ["docs/user-engine.md", "docs/kernel-engine.md", "docs/accuracy.md", "docs/validation.md", "docs/limits.md", "SECURITY.md"],
    "For developers": ["docs/internals.md", "CONTRIBUTING.md"],
}


def sources():
    """{file of the repository: its place in the site}."""
    placed = {"README.md": "index.md"}
    for files in SECTIONS.values():
        placed.update({name: name.removeprefix("docs/").replace("/README", "") for name in files})
    placed.update({str(path.relative_to(ROOT)): str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md")
                   if str(path.relative_to(ROOT)) not in placed})
    return placed


def title_of(text):
    return re.search(r"^# (.*)$", text, re.MULTILINE)[1]


class Site:
    def __init__(self, out):
        self.out = out / "pages"
        self.placed = sources()
        shutil.rmtree(self.out, ignore_errors=True)

    def write(self, place, text):
        path = self.out / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def copied(self, name):
        """The place of a file that is no page."""
        path = self.out / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, path)
        # mkdocs would make a page of Markdown.
        return f"files/{name}" if path.suffix != ".md" else str(path.rename(f"{path}.txt").relative_to(self.out))

    def relinked(self, name, text):
        """The text with links to where things are in the site."""
        here = Path(self.placed[name]).parent

        def link(found):
            label, target, anchor = found.groups()
            wanted = os.path.normpath(Path(name).parent / target)
            if not (ROOT / wanted).exists() or (ROOT / wanted).is_dir():
                return label
            place = self.placed.get(wanted) or self.copied(wanted)
            return f"[{label}]({os.path.relpath(place, here)}{anchor or ''})"

        parts = re.split(r"(^```.*?^```)", text, flags=re.MULTILINE | re.DOTALL)
        return "".join(part if index % 2 else LINK.sub(link, part) for index, part in enumerate(parts))

    def add_sources(self):
        for name, place in self.placed.items():
            # Comments are marks for tests and tools.
            self.write(place, self.relinked(name, COMMENT.sub("", (ROOT / name).read_text())))

    def add_manual(self, dime):
        """The manual pages; returns their places."""
        places = []
        for name, text in pages(dime):
            page, section = name.rsplit(".", 1)
            text = re.sub(r"^(#+) (.*)$", lambda head: f"#{head[1]} {head[2].capitalize() if head[1] == '#' else head[2]}", text,
                          flags=re.MULTILINE)
            # What pandoc takes for an escape and Python's Markdown does not.
            text = re.sub(r"\\(['\"])", r"\1", text).replace("\\<", "&lt;").replace("\\>", "&gt;")
            text = LINK.sub(r"\1", re.sub(r"\[([^\]]*)\]\(#[^)]*\)", r"\1", text))
            self.write(f"manual/{name}.md", f"# {page}({section})\n\n{text}")
            places.append(f"manual/{name}.md")
        return places

    def navigation(self, manual):
        menu = [{"DiME": "index.md"}]
        for section, files in SECTIONS.items():
            entries = [{title_of((ROOT / name).read_text()): self.placed[name]} for name in files]
            if section == "Reference":
                entries += [{place.removeprefix("manual/").removesuffix(".md"): place} for place in manual]
            if section == "For developers":
                entries.append({"Headers": "interface.md"})
                entries += [{title_of((ROOT / name).read_text()): place} for name, place in sorted(self.placed.items())
                            if name.startswith("docs/adr/")]
            menu.append({section: entries})
        return menu

    def add_interface(self):
        """A page that leads to Doxygen's, which mkdocs does not know."""
        self.write("interface.md", "# Headers\n\nThe headers of libdime and of replacement policies, as "
                   '<a href="api/index.html">pages of Doxygen</a>. A program needs `dime/dime.h` only: *dime_place(3)*.\n')


def document_headers(out):
    """The interface of libdime and of policies, by Doxygen, in OUT/html/api; its warnings are errors."""
    marked = out / "headers/dime"
    marked.mkdir(parents=True, exist_ok=True)
    for header in (ROOT / "include/dime").glob("*.h"):
        text = re.sub(r"^(\s*)/\*(?=\s)", r"\1/**", header.read_text(), flags=re.MULTILINE)
        text = re.sub(r"^(\s*[^\s/*].*)/\* ", r"\1/**< ", text, flags=re.MULTILINE)
        # Names of members and parameters as the kernel's documentation writes them.
        text = re.sub(r"@(\w+)", r"\1", text)
        # A header's first comment is the licence, its second one is about the file.
        text = text.replace("/** SPDX", "/* SPDX", 1).replace("/**\n", "/** @file\n *\n", 1)
        (marked / header.name).write_text(text)
    settings = (Path(__file__).parent / "Doxyfile").read_text()
    settings += f"INPUT = {marked}\nSTRIP_FROM_PATH = {marked}\nOUTPUT_DIRECTORY = {out}/html\nHTML_OUTPUT = api\n"
    shutil.rmtree(out / "html/api", ignore_errors=True)
    subprocess.run(["doxygen", "-"], input=settings, text=True, check=True)


def main():
    dime, out = sys.argv[1], Path(sys.argv[2])
    site = Site(out)
    site.add_sources()
    manual = site.add_manual(dime)
    site.add_interface()
    # YAML is a superset of JSON.
    here = Path(__file__).resolve().parent
    config = (here / "mkdocs.yml").read_text().replace("THEME", str(here / "theme")) + f"nav: {json.dumps(site.navigation(manual))}\n"
    (out / "mkdocs.yml").write_text(config)
    subprocess.run(["mkdocs", "build", "--quiet", "--clean", "--strict", "--config-file", out / "mkdocs.yml"], check=True)
    # Debian 12 has jQuery under another name than the theme's pages.
    wanted = out / "html/js/jquery-3.6.0.min.js"
    if not wanted.exists():
        shutil.copy(out / "html/js/jquery-2.1.1.min.js", wanted)
    if shutil.which("doxygen"):
        document_headers(out)


if __name__ == "__main__":
    main()
