# SPDX-License-Identifier: GPL-2.0
"""robust_mutexes.py LOCAL PROGRAM EVICTING-PAGES: the next owner of a robust mutex hears that the last one died, also if it was remote."""
import compare
import dime_test


def test(*words):
    if dime_test.FAULT_PATH == "thread":
        dime_test.skip("the kernel does not wait for a handler thread when a thread has ended (docs/user-engine.md, limits)")
    compare.test(*words)


if __name__ == "__main__":
    dime_test.main(test)
