# SPDX-License-Identifier: GPL-2.0
"""What `dime` has and every description must name: {manual page: names}.

Subcommands, options and keys of configuration strings are what `dime __describe` says, which is made of the tables that the program itself
uses; keys of JSON are those of what the commands write, every command that has --json among them.
"""
import json
import re
import subprocess
from pathlib import Path

from steps import check, machine, run

EMULATED = ("--local", "100p", "--allow-floor", "--tier", "far: latency=1ms", "--place", "heap: far", "--jitter", "normal,1us")
SPEC = """
[program]
command = ["/usr/bin/echo", "7"]
metric = "([0-9]+)"
check = "output"
[grid]
local = "50%"
allow-floor = true
[run]
repetitions = 1
"""


def tree_of(dime):
    return json.loads(run(dime, "__describe"))


def options_of(command):
    return {name for option in command["options"] for name in option["names"]}


def keys_of(content):
    """The keys of objects in it, at any depth."""
    if isinstance(content, dict):
        return set(content) | {key for value in content.values() for key in keys_of(value)}
    if isinstance(content, list):
        return {key for value in content for key in keys_of(value)}
    return set()


def lines_of(text):
    return [json.loads(line) for line in text.splitlines()]


def status_of(dime, environment):
    """What `dime status` writes about an instance that runs, at once and followed."""
    with subprocess.Popen([dime, "run", *EMULATED, "--", "/usr/bin/cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          env=environment) as emulated:
        emulated.stdin.write(b"runs\n")
        emulated.stdin.flush()
        emulated.stdout.readline()
        now = json.loads(run(dime, "status", "--json", environment=environment))
        follow = run(dime, "status", "--follow", "--json", "--interval", "50ms", "--count", "2", environment=environment)
        emulated.stdin.close()
        emulated.wait(machine.patience(60))
    check(now["instances"] and follow, "no instance was there while a program ran")
    return keys_of(now) | keys_of(lines_of(follow))


def sweep_of(dime, folder, environment):
    """The keys of a line, and of the parts that have the same ones in every sweep."""
    (folder / "spec.toml").write_text(SPEC)
    run(dime, "sweep", folder / "spec.toml", "-o", folder / "lines", environment=environment)
    lines = lines_of((folder / "lines").read_text())
    return {key for line in lines for key in line} | keys_of([line["calibration"] for line in lines])


def json_keys(dime, folder):
    """{manual page: keys} of all that is written as JSON."""
    environment = {"DIME_RUNTIME_DIR": str(folder), "PATH": "/usr/bin:/bin"}
    run(dime, "run", *EMULATED, "--json", folder / "result", "--", "/usr/bin/true", environment=environment)
    run(dime, "record", "-o", folder / "trace", "--json", folder / "recorded", "--", "/usr/bin/true", environment=environment)
    run(dime, "whatif", folder / "trace", "--json", folder / "points", environment=environment)
    trace = [lines_of(run(dime, "trace", folder / "trace", "--json")), json.loads(run(dime, "trace", folder / "trace", "--summary", "--json"))]
    # `dime doctor` ends with 1 where nothing works.
    doctor = json.loads(run(dime, "doctor", "--json", status=None))
    result = keys_of([json.loads((folder / name).read_text()) for name in ("result", "recorded")])
    return {"dime-result.5": result | sweep_of(dime, folder, environment), "dime-whatif.1": keys_of(json.loads((folder / "points").read_text())),
            "dime-trace.1": keys_of(trace), "dime-doctor.1": keys_of(doctor), "dime-status.1": status_of(dime, environment),
            # As the tests have measured it: it takes some ten seconds.
            "dime-calibrate.1": keys_of(machine.costs())}


def described(dime, folder):
    tree = tree_of(dime)
    names = {"dime.1": {command["name"] for command in tree["commands"]} | options_of(tree)}
    names |= {f"dime-{command['name']}.1": options_of(command) for command in tree["commands"]}
    names["dime-config.1"] |= {key["name"] for key in tree["keys"]}
    keys = json_keys(dime, Path(folder))
    writing = {command["name"] for command in tree["commands"] if "--json" in options_of(command)}
    unknown = writing - {"run", "attach", "record"} - {page.removeprefix("dime-").removesuffix(".1") for page in keys}
    check(not unknown, f"nothing compares the keys that these write as JSON: {sorted(unknown)}")
    return {page: names.get(page, set()) | keys.get(page, set()) for page in names | keys}


def missing(names, text):
    """Those that do not stand in the text as words of their own."""
    return sorted(name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text))
