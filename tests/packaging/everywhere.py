# SPDX-License-Identifier: GPL-2.0
"""everywhere.py BUILD: every subcommand and option is in the help, in its manual page and in what the shells are offered, every key of
configuration strings in dime-config(1), every key of a result in dime-result(5). The site is compared by site.py.
"""
import json
import re
import sys
import tempfile
from pathlib import Path

from steps import check, run, skip


def names_of(command):
    return {name for option in command["options"] for name in option["names"]}


def offered(dime, *words):
    return {line.split("\t")[0] for line in run(dime, "__complete", *words).splitlines()[1:]}


def keys_of(content):
    """The keys of objects in it, at any depth."""
    if isinstance(content, dict):
        return set(content) | {key for value in content.values() for key in keys_of(value)}
    if isinstance(content, list):
        return {key for value in content for key in keys_of(value)}
    return set()


def missing(names, text):
    return sorted(name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text))


def main():
    build = Path(sys.argv[1]).resolve()
    dime = build / "bin/dime"
    if not (build / "man").is_dir():
        skip("the manual pages were not built: pandoc is not installed")

    def manual(name):
        # As pandoc writes it, without the escapes of roff.
        return re.sub(r"\\f\[?\w+\]?|\\&", "", (build / f"man/man{name[-1]}/{name}").read_text()).replace("\\-", "-").replace("\\[en]", "-")

    tree = json.loads(run(dime, "__describe"))
    commands = {command["name"]: command for command in tree["commands"]}
    places = {"dime --help": run(dime, "--help"), "dime(1)": manual("dime.1").replace("dime-", ""), "completion": "\n".join(offered(dime, ""))}
    problems = [f"{place}: {lost}" for place, text in places.items() if (lost := missing(commands, text))]
    for name, command in commands.items():
        places = {f"dime {name} --help": run(dime, name, "--help"), f"dime-{name}(1)": manual(f"dime-{name}.1"),
                  f"completion of dime {name}": "\n".join(offered(dime, name, "-"))}
        problems += [f"{place}: {lost}" for place, text in places.items() if (lost := missing(names_of(command), text))]
    if lost := missing((key["name"] for key in tree["keys"]), manual("dime-config.1")):
        problems.append(f"dime-config(1): {lost}")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        run(dime, "run", "--local", "100p", "--allow-floor", "--tier", "far: latency=1ms", "--jitter", "normal,1us", "--json", f"{folder}/result",
            "--", "/usr/bin/true", environment={"DIME_RUNTIME_DIR": folder})
        result = json.loads(Path(f"{folder}/result").read_text())
    if lost := missing(keys_of(result), manual("dime-result.5")):
        problems.append(f"dime-result(5): {lost}")
    check(not problems, "missing:\n" + "\n".join(problems))


if __name__ == "__main__":
    main()
