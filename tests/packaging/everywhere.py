# SPDX-License-Identifier: GPL-2.0
"""everywhere.py BUILD: whatever `dime` has is described: subcommands, options and keys of configuration strings in the help, in the manual
pages and in what shells are offered; keys of JSON, which nobody types, in the manual pages. The site is compared by site.py.
"""
import os
import re
import sys
import tempfile
from pathlib import Path

from described import described, missing, options_of, tree_of
from steps import check, run, skip


def offered(dime, *words):
    """What the shells' completion offers behind these words; the value of a key is left out."""
    lines = run(dime, "__complete", *words).splitlines()[1:]
    return "\n".join(line.split("\t")[0].removesuffix("=") for line in lines)


def problems_of(dime, manual):
    tree = tree_of(dime)
    commands, keys = {command["name"]: options_of(command) for command in tree["commands"]}, {key["name"] for key in tree["keys"]}
    places = {"dime --help": (set(commands), run(dime, "--help")), "completion of dime": (set(commands), offered(dime, "")),
              "completion of dime config": (keys, offered(dime, "config", ""))}
    for name, options in commands.items():
        places[f"dime {name} --help"] = (options | (keys if name == "config" else set()), run(dime, name, "--help"))
        places[f"completion of dime {name} -"] = (options, offered(dime, name, "-"))
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        os.chmod(folder, 0o700)
        for page, names in described(dime, folder).items():
            # dime(1) lists the pages of the subcommands.
            text = manual(page).replace("dime-", "") if page == "dime.1" else manual(page)
            places[f"{page.replace('.', '(')})"] = (names, text)
    return [f"{place}: {lost}" for place, (names, text) in places.items() if (lost := missing(names, text))]


def main():
    build = Path(sys.argv[1]).resolve()
    if not (build / "man").is_dir():
        skip("the manual pages were not built: pandoc is not installed")

    def manual(name):
        # As pandoc writes it, without the escapes of roff.
        return re.sub(r"\\f\[?\w+\]?|\\&", "", (build / f"man/man{name[-1]}/{name}").read_text()).replace("\\-", "-").replace("\\[en]", "-")

    problems = problems_of(build / "bin/dime", manual)
    check(not problems, "missing:\n" + "\n".join(problems))


if __name__ == "__main__":
    main()
