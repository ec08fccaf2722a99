# SPDX-License-Identifier: GPL-2.0
"""call_table.py PROGRAM: system calls answer the same when only what the agent's table lists of their arguments is accessible.

Without emulation: this holds the table to what the kernel really touches.
"""
import dime_test


def test(program):
    free = dime_test.native([program, "1", "."])
    listed = dime_test.native([program, "table", "."])
    dime_test.equal((free.status, listed.status), (0, 0), f"statuses ({free.err} {listed.err})")
    wrong = [f"{one} / {other}" for one, other in zip(free.out.decode().splitlines(), listed.out.decode().splitlines()) if one != other]
    dime_test.check(free.out == listed.out, f"with everything accessible / only what the table lists: {wrong}")
    dime_test.check(len(free.out.splitlines()) > 80, "too few calls were made")


if __name__ == "__main__":
    dime_test.main(test)
