# SPDX-License-Identifier: GPL-2.0
"""Programs that map, move and start others compute the same while their memory is spread over tiers with limits and policies of their own."""
import sys
from pathlib import Path

import dime_test

HERE = Path(__file__).resolve().parent / "programs"
TIERS = (*dime_test.UNDELAYED, "--tier", "far: latency=0ns,local=50p,policy=random", "--tier", "mid: latency=0ns",
         "--place", "anon size>=64KiB: far", "--place", "stack: local", "--place", "heap: mid")
PROGRAMS = [
    [dime_test.PROGRAMS / "mapping_torture", "~6000", 4],
    [dime_test.PROGRAMS / "verify_pages", 4, 800, "~6"],
    [dime_test.PROGRAMS / "spawners"],
    [dime_test.PROGRAMS / "signal_handlers"],
    [sys.executable, "-B", HERE / "py_data.py", "~100"],
]


def test():
    for program in PROGRAMS:
        run = dime_test.emulated(program, "100p", TIERS)
        dime_test.same(dime_test.native(program), run)
        far = next(tier for tier in run.result["tiers"] if tier["name"] == "far")
        dime_test.check(far["faults"]["remote"] > 1000, f"{program[0]}: {far['faults']}")


if __name__ == "__main__":
    dime_test.main(test)
