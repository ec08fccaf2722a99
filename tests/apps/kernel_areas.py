# SPDX-License-Identifier: GPL-2.0
"""Memory that the kernel touches where no fault can be served, and pointers in structures (programs/kernel_areas.cc): as natively."""
import dime_test

CASES = ["own-sequences", "page-scan", "own-userfault"]
# What holds on the inline path only (docs/limits.md).
INLINE = ["supplied-stacks", "cleared-word"]


def test():
    for case in CASES + (INLINE if dime_test.FAULT_PATH == "inline" else []):
        command = [dime_test.PROGRAMS / "kernel_areas", case]
        expected = dime_test.native(command)
        dime_test.equal(expected.status, 0, f"native status of {case} ({expected.err})")
        dime_test.same(expected, dime_test.emulated(command, "64p"))


if __name__ == "__main__":
    dime_test.main(test)
