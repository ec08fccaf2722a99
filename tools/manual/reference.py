# SPDX-License-Identifier: GPL-2.0
"""The texts that manual pages and the site share: `dime __describe`, and the sections of docs/reference.md.

In the reference, `## dime NAME` is the section of a subcommand. What stands between `<!-- page: dime-spec(5) -->` and `<!-- page end -->`
belongs to that manual page instead.
"""
import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = re.compile(r"<!-- page: (\S+) -->\n(.*?)<!-- page end -->\n", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->\n*", re.DOTALL)
FENCE = re.compile(r"^```.*?^```\n", re.DOTALL | re.MULTILINE)
OPTION_TABLE = re.compile(r"^\| option \|.*?\n((?:\|.*\n)+)\n?", re.MULTILINE)


def describe(dime):
    return json.loads(subprocess.run([dime, "__describe"], stdout=subprocess.PIPE, check=True).stdout)


def text_of(name):
    return (ROOT / name).read_text()


def body_of(name):
    """A page without comments and without the line of its title."""
    return COMMENT.sub("", text_of(name)).partition("\n")[2].lstrip()


def split_at(level, text):
    """(what stands before the first heading of that level, {heading: text below it}); not inside of code."""
    hidden = FENCE.sub(lambda block: re.sub(r"^#", "\0", block[0], flags=re.MULTILINE), text)
    first, *rest = re.split(rf"^{'#' * level} ", hidden, flags=re.MULTILINE)
    parts = {}
    for part in rest:
        heading, _, below = part.partition("\n")
        parts[heading.strip()] = below.strip().replace("\0", "#") + "\n"
    return first.replace("\0", "#"), parts


def cells(row):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]


class Reference:
    def __init__(self):
        text = text_of("docs/reference.md")
        self.elsewhere = {}
        for page, part in ELSEWHERE.findall(text):
            self.elsewhere[page] = self.elsewhere.get(page, "") + part + "\n"
        self.intro, self.sections = split_at(2, COMMENT.sub("", ELSEWHERE.sub("", text)))

    def section(self, heading):
        return self.sections.get(heading, "")

    def options_of(self, heading):
        """{option: meaning} of the tables of options in a section."""
        found = {}
        for table in OPTION_TABLE.findall(self.section(heading)):
            for row in table.splitlines()[1:]:
                first, meaning = cells(row)[:2]
                for code in re.findall(r"`([^`]*)`", first):
                    found.update({name: meaning for name in re.findall(r"(?<![\w-])--?[a-z][a-z0-9-]*", code)})
        return found

    def prose_of(self, heading):
        """A section without its tables of options."""
        return OPTION_TABLE.sub("", self.section(heading))
