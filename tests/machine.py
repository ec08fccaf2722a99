#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""How fast this machine is, for whatever in the tests depends on it; run by itself it prints the factor.

`dime calibrate --json` measures it once for a build folder, and the result is kept in BUILD/tests/machine.json for two hours. slowness()
is how many times as long this machine takes as the one that the constants of the tests were chosen on, other programs' load included.
In the environment, DIME_TEST_MACHINE names another file, and DIME_TEST_SLOWNESS is taken instead of a measurement.
"""
import fcntl
import json
import os
import subprocess
import sys
import time
from pathlib import Path

BUILD = Path(os.environ.get("DIME_BUILD", Path(__file__).resolve().parents[1] / "build"))
KEPT = Path(os.environ.get("DIME_TEST_MACHINE", BUILD / "tests" / "machine.json"))
MOST_AGE = 7200
USUAL_FLOOR_NS = 6000
# Below this a machine counts as fast: the work of the tests is not made less for a busy moment.
FAST = 1.5


def measure():
    try:
        done = subprocess.run([BUILD / "bin" / "dime", "calibrate", "--json"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=600, check=True)
        return json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return {"error": f"{error} {getattr(error, 'stderr', b'') or b''}"}


def is_fresh():
    try:
        # Not of another build: its calibration may differ.
        return KEPT.stat().st_mtime > max(time.time() - MOST_AGE, (BUILD / "bin" / "dime").stat().st_mtime)
    except OSError:
        return False


def costs():
    """What `dime calibrate --json` says. Whoever comes first measures, the others wait for it."""
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    with open(KEPT.with_suffix(".lock"), "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_fresh():
            new = KEPT.with_suffix(".new")
            new.write_text(json.dumps(measure()))
            new.rename(KEPT)
        return json.loads(KEPT.read_text())


def slowness():
    if "DIME_TEST_SLOWNESS" not in os.environ:
        known = costs()
        factor = max(1.0, known.get("machine", {}).get("slowness", 1.0), known.get("floor_ns", 0) / USUAL_FLOOR_NS)
        os.environ["DIME_TEST_SLOWNESS"] = str(factor)
    return float(os.environ["DIME_TEST_SLOWNESS"])


def work(amount, least=1):
    """As much of `amount` (of lines, rounds, requests) as takes about as long here as all of it on a fast machine."""
    return max(least, min(amount, round(amount * FAST / slowness())))


def patience(seconds):
    """How long to wait for what takes less than `seconds` on a fast machine."""
    return seconds * max(1.0, slowness())


if __name__ == "__main__":
    print(f"{slowness():.2f}")
    sys.exit(0)
