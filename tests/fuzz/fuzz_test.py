# SPDX-License-Identifier: GPL-2.0
"""What the fuzz tests that drive `dime` share: how long they go on, and with which seed.

They run for DIME_FUZZ_SECONDS (60), or for DIME_FUZZ_ROUNDS rounds where that is set. The seed is DIME_FUZZ_SEED, or a new one; a failure
names it. They judge by contents, statuses and what is left over, never by time. Everything else is tests/apps/dime_test.py.
"""
import os
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "apps"))
import dime_test  # noqa: E402
import watchdog  # noqa: E402, F401

SEED = int(os.environ.get("DIME_FUZZ_SEED", random.SystemRandom().randrange(1 << 30)))
randomly = random.Random(SEED)


def rounds():
    """Yields the numbers of the rounds."""
    count = int(os.environ.get("DIME_FUZZ_ROUNDS", 0))
    end = time.monotonic() + float(os.environ.get("DIME_FUZZ_SECONDS", 60))
    number = 0
    while number < count if count else time.monotonic() < end:
        yield number
        number += 1
    print(f"{number} rounds, seed {SEED}", flush=True)


def judge(right, what):
    dime_test.check(right, f"seed {SEED}: {what}")


def main(test):
    count = int(os.environ.get("DIME_FUZZ_ROUNDS", 0))
    dime_test.SECONDS = max(dime_test.SECONDS, 10 * count)
    dime_test.main(test)
