# SPDX-License-Identifier: GPL-2.0
"""Every file states its licence in its first lines."""
import re

import sources

LINE = "SPDX-License-Identifier: GPL-2.0"
# Formats without comments, the licence itself, and inputs of tests.
EXEMPT_NAMES = {"LICENSE", ".gitignore"}
EXEMPT_FILES = {"packaging/debian/changelog", "packaging/debian/source/format"}
EXEMPT_SUFFIXES = {".json", ".trace"}
EXEMPT_FOLDERS = re.compile(r"tests/fuzz/\w+_seeds/")


def lacks_line(path):
    if path.name in EXEMPT_NAMES or sources.name(path) in EXEMPT_FILES or path.suffix in EXEMPT_SUFFIXES or EXEMPT_FOLDERS.match(sources.name(path)):
        return False
    lines = path.read_bytes()[:1000].decode(errors="replace").splitlines()[:3]
    return not any(LINE in line for line in lines)


if __name__ == "__main__":
    sources.verdict([f"{sources.name(path)}: no '{LINE}' in its first three lines" for path in sources.files() if lacks_line(path)])
