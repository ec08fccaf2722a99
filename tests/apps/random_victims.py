# SPDX-License-Identifier: GPL-2.0
"""Pages that become remote again as soon as they came, while threads write to them: random victims, few local pages. No write is lost."""
import dime_test


def test():
    command = [dime_test.PROGRAMS / "verify_pages", 4, 800, "~6"]
    expected = dime_test.native(command)
    for _ in range(3):
        dime_test.same(expected, dime_test.emulated(command, "50p", (*dime_test.UNDELAYED, "--policy", "random")))


if __name__ == "__main__":
    dime_test.main(test)
