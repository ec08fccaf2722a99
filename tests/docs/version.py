# SPDX-License-Identifier: GPL-2.0
"""version.py BUILD: whatever states the version states that of include/dime/version.h, the changelog's newest section among it."""
import re
import subprocess
import sys
from pathlib import Path

import sources

VERSION = re.search(r'DIME_VERSION "([^"]+)"', (sources.ROOT / "include/dime/version.h").read_text())[1]
# File: what stands before the version.
STATED = {
    "CITATION.cff": r"^version: ",
    "python/pyproject.toml": r'^version = "',
    "packaging/dime.spec": r"^Version: ",
    "packaging/debian/changelog": r"\Adime \(",
    "CHANGELOG.md": r"\A(?:(?!^## ).*\n)*## ",
}


def problems(build):
    for name, before in STATED.items():
        found = re.search(f"(?m){before}([0-9][0-9.]*)", (sources.ROOT / name).read_text())
        if not found or found[1] != VERSION:
            yield f"{name}: version {found[1] if found else 'missing'}, not {VERSION}"
    said = subprocess.run([build / "bin/dime", "--version"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    if said != f"dime {VERSION}":
        yield f"dime --version says: {said}"


if __name__ == "__main__":
    sources.verdict(list(problems(Path(sys.argv[1]))))
