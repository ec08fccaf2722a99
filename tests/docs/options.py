# SPDX-License-Identifier: GPL-2.0
"""options.py BUILD: docs/reference.md lists exactly the subcommands and options that `dime --help` shows, and the keys of configuration strings.

In the reference, `## dime NAME` starts the section of a subcommand, an option stands in the first column of a table, and the section
"Options of run and attach" counts for both.
"""
import re
import subprocess
import sys
from pathlib import Path

import sources

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import machine  # noqa: E402

OPTION = re.compile(r"(?<![\w-])(--?[a-zA-Z][a-z0-9-]*)")
COMMON = ("--help", "-h", "--version")


def help_of(dime, *words):
    return subprocess.run([dime, *words, "--help"], stdout=subprocess.PIPE, text=True, check=True, timeout=machine.patience(60)).stdout


def shown_options(text):
    """The options in the first column of a help text."""
    found = set()
    for line in text.splitlines():
        column = re.match(r"\s+(-\S+(?:, ?-\S+)*)", line)
        if column:
            found |= set(OPTION.findall(column.group(1)))
    return found - set(COMMON)


def shown_commands(text):
    part = text.partition("Subcommands:")[2]
    return set(re.findall(r"^  ([a-z]+)\s", part, flags=re.MULTILINE))


def known_keys(dime):
    """Keys of configuration strings, as the refusal of an unknown one lists them."""
    refused = subprocess.run([dime, "config", "--engine", "user", "no_such_key=1"], stderr=subprocess.PIPE, text=True, timeout=60)
    return set(refused.stderr.partition("known keys: ")[2].split("\n")[0].split(", "))


def documented_keys(section):
    table = section.partition("| key | value |\n")[2].partition("\n\n")[0]
    return set(re.findall(r"^\| ([a-z_]+) \|", table, flags=re.MULTILINE))


def sections():
    text = (sources.ROOT / "docs" / "reference.md").read_text()
    return {part.split("\n", 1)[0].strip(): part for part in re.split(r"^## ", text, flags=re.MULTILINE)[1:]}


def documented_options(section):
    rows = re.findall(r"^\|([^|]*)\|", section, flags=re.MULTILINE)
    return {option for row in rows for option in OPTION.findall(" ".join(re.findall(r"`([^`]*)`", row)))} - set(COMMON)


def compare(what, shown, documented):
    for extra in sorted(shown - documented):
        yield f"{what}: {extra} exists, but is not in docs/reference.md"
    for extra in sorted(documented - shown):
        yield f"{what}: {extra} is in docs/reference.md, but does not exist"


def problems(dime):
    parts = sections()
    commands = {title.removeprefix("dime ") for title in parts if title.startswith("dime ")}
    yield from compare("dime", shown_commands(help_of(dime)), commands)
    yield from compare("dime config STRING", known_keys(dime), documented_keys(parts["dime config"]))
    shared = documented_options(parts.get("Options of run and attach", ""))
    for command in sorted(commands & shown_commands(help_of(dime))):
        documented = documented_options(parts[f"dime {command}"])
        if command in ("run", "attach", "record"):
            documented |= shared
        if command == "set":
            documented |= shared - {"--engine", "--fault-path", "--interval", "--json"}
        yield from compare(f"dime {command}", shown_options(help_of(dime, command)), documented)


if __name__ == "__main__":
    sources.verdict(list(problems(Path(sys.argv[1]) / "bin" / "dime")))
