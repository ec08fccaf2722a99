# SPDX-License-Identifier: GPL-2.0
"""On a slow and busy machine (tests/slow-machine), quickstart's sort and some application tests pass, with less work and more time."""
import os
import re
import sys
from pathlib import Path

import dime_test

TESTS = Path(__file__).resolve().parents[1]
SAMPLE = [
    ("sort.py", "5%", "2"),
    ("sqlite.py", "25%"),
    ("compare.py", "25%", dime_test.PROGRAMS / "verify_pages", "4", "800", "~6"),
    ("compare.py", "--forks", "25%", dime_test.PROGRAMS / "fork_copies", "500", "~20"),
    ("attach.py", "25%", "~10"),
]


def on_slow_machine(*command):
    environment = {name: value for name, value in os.environ.items() if name not in ("DIME_TEST_SLOWNESS", "DIME_RUNTIME_DIR")}
    environment |= {"DIME_TEST_MACHINE": str(dime_test.scratch / "slow.json"), "DIME_QUICKSTART_SECONDS": "4"}
    run = dime_test.native([TESTS / "slow-machine", "--share", "30", "--busy", "2", *command], env=environment, cwd=TESTS.parent)
    return run, run.out.decode(errors="replace") + run.err


def test():
    run, said = on_slow_machine(sys.executable, "-B", TESTS / "machine.py")
    dime_test.equal(run.status, 0, f"status of machine.py ({said})")
    slowness = float(run.out)
    print(f"slowness {slowness}, outside {dime_test.machine.slowness():.2f}")
    dime_test.check(slowness > 2, f"a slowness of {slowness} with a third of the processors and two busy processes beside")

    run, said = on_slow_machine(TESTS.parent / "quickstart", "--sort-only")
    print(said)
    dime_test.equal(run.status, 0, f"status of quickstart ({said})")
    dime_test.check(re.search(r"^latency: \d+us, because", said, re.MULTILINE), "quickstart does not say which latency it chose")
    dime_test.check("times as long, with the same output" in said, "quickstart has no result")

    for script, *words in SAMPLE:
        run, said = on_slow_machine(sys.executable, "-B", TESTS / "apps" / script, *words)
        print(f"{script} {words}: {run.seconds:.1f} s")
        if run.status != dime_test.SKIPPED:
            dime_test.equal(run.status, 0, f"status of {script} {words}:\n{said[-3000:]}\n")


if __name__ == "__main__":
    dime_test.main(test)
