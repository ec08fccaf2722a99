# SPDX-License-Identifier: GPL-2.0
"""mechanisms.py: --mechanism is honoured and named in the result; what cannot be is one line of error that says what can."""
import subprocess

import dime_test
from dime_test import DIME, check, equal


def refused(words, *parts):
    run = subprocess.run([DIME, *words, "--", "/bin/true"], capture_output=True, text=True, check=False)
    equal(run.returncode, 125, " ".join(words))
    errors = [line for line in run.stderr.splitlines() if "error:" in line]
    equal(len(errors), 1, run.stderr)
    for part in parts:
        check(part in errors[0], f"{part} is not in {errors[0]}")


def test():
    for mechanism in ("move", "copy"):
        run = dime_test.emulated(["/bin/sh", "-c", "exit 0"], "100p", [*dime_test.UNDELAYED, "--fault-path", "inline", "--mechanism", mechanism])
        equal(run.result["dime"]["mechanism"], mechanism, "mechanism in the result")
    refused(["run", "--mechanism", "rwp"], "--mechanism rwp", "auto, move, copy")
    refused(["run", "--mechanism", ""], "auto, move, copy")
    refused(["run", "--mechanism", "copy", "--fault-path", "thread"], "inline fault path only")
    refused(["run", "--mechanism", "copy", "--engine", "kernel"], "--")
    run = subprocess.run([DIME, "attach", "-p", "1", "--mechanism", "copy"], capture_output=True, text=True, check=False)
    equal(run.returncode, 2, "attach with copy")
    check("inline fault path only" in run.stderr, run.stderr)
    found = subprocess.run([DIME, "doctor"], capture_output=True, text=True, check=False).stdout
    check("mechanisms: move, copy" in found, found)


if __name__ == "__main__":
    dime_test.main(test)
