# SPDX-License-Identifier: GPL-2.0
"""FIFO's faults are known exactly: 2,000 pages in order with 1,000 local, then the last x again: none for x <= 1,000, x above.

The pages of the program itself and of the C library share the limit, hence the tolerance of a few dozen, and x keeps clear of
1,000 by as much.
"""
import dime_test
from limits import check_limit

OWN_PAGES = 64


def test():
    for again in (0, 500, 900, 1100, 1500, 2000):
        run = dime_test.emulated([dime_test.PROGRAMS / "oracle", 2000, again], "1000p")
        faults = run.result["faults"]
        expected = again if again > 1000 else 0
        print(f"x = {again}: {faults}, expected {expected} remote")
        dime_test.equal(run.status, 0, "status")
        check_limit("1000p", run)
        dime_test.check(abs(faults["remote"] - expected) <= OWN_PAGES, f"x = {again}: {faults['remote']} remote, expected {expected}")
        dime_test.check(2000 <= faults["first_touch"] <= 2000 + 4 * OWN_PAGES, f"{faults['first_touch']} first touches of 2,000 pages")


if __name__ == "__main__":
    dime_test.main(test)
