# SPDX-License-Identifier: GPL-2.0
"""options.py BUILD: docs/reference.md lists exactly the subcommands, options and keys of configuration strings that `dime __describe` says.

In the reference, `## dime NAME` starts the section of a subcommand, an option stands in the first column of a table, and the section
"Options of run and attach" counts for both. packaging.everywhere compares the same list with the help, the manual pages and completion.
"""
import re
import sys
from pathlib import Path

import sources

sys.path.insert(0, str(sources.ROOT / "tools/manual"))
from reference import Reference, describe  # noqa: E402

SHARED = "Options of run and attach"
COMMON = {"--help", "-h", "--version"}


def documented_keys(section):
    table = section.partition("| key | value |\n")[2].partition("\n\n")[0]
    return set(re.findall(r"^\| ([a-z_]+) \|", table, flags=re.MULTILINE))


def compare(what, there, documented):
    for extra in sorted(there - documented):
        yield f"{what}: {extra} exists, but is not in docs/reference.md"
    for extra in sorted(documented - there):
        yield f"{what}: {extra} is in docs/reference.md, but does not exist"


def problems(dime):
    tree, reference = describe(dime), Reference()
    commands = {command["name"]: {name for option in command["options"] for name in option["names"]} - COMMON for command in tree["commands"]}
    yield from compare("dime", set(commands), {title.removeprefix("dime ") for title in reference.sections if title.startswith("dime ")})
    yield from compare("dime config STRING", {key["name"] for key in tree["keys"]}, documented_keys(reference.section("dime config")))
    shared = set(reference.options_of(SHARED))
    for name, options in commands.items():
        documented = set(reference.options_of(f"dime {name}"))
        if name in ("run", "attach", "record"):
            documented |= shared
        if name == "set":
            documented |= shared - {"--engine", "--fault-path", "--interval", "--mechanism", "--json"}
        yield from compare(f"dime {name}", options, documented - COMMON)


if __name__ == "__main__":
    sources.verdict(list(problems(Path(sys.argv[1]) / "bin" / "dime")))
