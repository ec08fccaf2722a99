# SPDX-License-Identifier: GPL-2.0
"""manual.py BUILD: there is a manual page for every subcommand with all of its options; `mandoc -T lint` has no warning."""
import json
import re
import shutil
import sys
from pathlib import Path

from steps import check, run, skip

FIXED = {"dime.1", "dime-spec.5", "dime-trace.5", "dime-result.5", "dime_place.3", "dime_pin.3", "dime_mark.3"}


def plain(page):
    """The page as it is read, without overstriking."""
    return re.sub(".\b", "", run("mandoc", "-T", "utf8", "-O", "width=100", page))


def main():
    build = Path(sys.argv[1])
    manual = build / "man"
    if not manual.is_dir():
        skip("the manual pages were not built: pandoc is not installed")
    if not shutil.which("mandoc"):
        skip("mandoc is not installed")
    commands = json.loads(run(build / "bin/dime", "__describe"))["commands"]
    expected = FIXED | {f"dime-{command['name']}.1" for command in commands}
    pages = {path.name: path for path in manual.rglob("*.[135]")}
    check(set(pages) == expected, f"other pages than expected: {sorted(set(pages) ^ expected)}")
    # STYLE is about the form of sources that people write; these are made by pandoc.
    said = run("mandoc", "-T", "lint", "-W", "warning", *sorted(pages.values()), status=None)
    check(not said.strip(), f"mandoc -T lint:\n{said}")
    for command in commands:
        text = plain(pages[f"dime-{command['name']}.1"])
        for part in ("SYNOPSIS", *(name for option in command["options"] for name in option["names"])):
            check(part in text, f"dime-{command['name']}(1) does not have {part}")
    keys = json.loads(run(build / "bin/dime", "__describe"))["keys"]
    for key in keys:
        check(key["name"] in plain(pages["dime-config.1"]), f"dime-config(1) does not have the key {key['name']}")


if __name__ == "__main__":
    main()
