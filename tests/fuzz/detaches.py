# SPDX-License-Identifier: GPL-2.0
"""Programs are detached at random moments, as in tests/apps/detach_random.py, on both fault paths."""
from fuzz_test import dime_test, judge, main, randomly, rounds
import detach_random


def test():
    detached = 0
    for number in rounds():
        dime_test.FAULT_PATH = randomly.choice(["inline", "thread"])
        detached += detach_random.once(randomly, f"round {number}, {dime_test.FAULT_PATH}")
    print(f"{detached} were detached while they ran")
    judge(detached > 0, "no program was detached while it ran")


if __name__ == "__main__":
    main(test)
