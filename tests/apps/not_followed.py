# SPDX-License-Identifier: GPL-2.0
"""A statically linked program cannot be followed: as a child it runs unharmed and is reported; asked for directly it is refused."""
import dime_test


def test():
    program = dime_test.PROGRAMS / "static_child"
    expected = dime_test.native(["sh", "-c", f"{program}; echo $?"])
    run = dime_test.emulated(["sh", "-c", f"{program}; echo $?"], "25%")
    dime_test.same(expected, run)
    dime_test.check("follow" in run.err, f"the summary does not say that a program was not followed:\n{run.err}")
    direct = dime_test.dime("run", "--local", "25%", *dime_test.UNDELAYED, "--", program)
    dime_test.equal(direct.status, 125, f"status ({direct.err})")
    dime_test.check("static" in direct.err, f"the reason is missing: {direct.err}")
    dime_test.equal(direct.out, b"", "output of a program that must not have started")


if __name__ == "__main__":
    dime_test.main(test)
