# SPDX-License-Identifier: GPL-2.0
"""With --no-follow children find every inherited page at home and are no members; without, they are listed as processes."""
import dime_test


def test():
    command = [dime_test.PROGRAMS / "fork_copies", 600, 4]
    expected = dime_test.native(command)
    followed = dime_test.emulated(command, "200p")
    dime_test.same(expected, followed)
    dime_test.check(len(followed.result["processes"]) > 1, f"children are missing: {followed.result['processes']}")
    alone = dime_test.emulated(command, "200p", (*dime_test.UNDELAYED, "--no-follow"))
    dime_test.same(expected, alone)
    dime_test.equal(len(alone.result["processes"]), 1, "processes with --no-follow")


if __name__ == "__main__":
    dime_test.main(test)
