# SPDX-License-Identifier: GPL-2.0
"""Programs that cannot be followed run unharmed as children and are counted: statically linked ones, and those from which the agent or
the control block cannot be reached. A static program that is asked for directly is refused.
"""
import os
import re
import shutil

import dime_test

NOBODY = 65534
# The C library's messages are compared, too: its loader would complain of an agent that it cannot open.
STARTS = "exec 2>&1; {}; echo $?"


def same_and_counted(command):
    command = ["sh", "-c", STARTS.format(command)]
    run = dime_test.emulated(command, "25%")
    dime_test.same(dime_test.native(command), run)
    dime_test.equal(run.result["not_followed"], 1, f"programs that were not followed of {command}")
    dime_test.check("follow" in run.err, f"the summary does not say that a program was not followed:\n{run.err}")


def other_root():
    """A folder with `env` and what its loader needs."""
    folder = dime_test.scratch / "root"
    program = "/usr/bin/env"
    listed = dime_test.native(["ldd", program]).out.decode()
    for path in [program, *re.findall(r"(/\S+) \(0x", listed)]:
        target = folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return folder, program


def test():
    same_and_counted(dime_test.PROGRAMS / "static_child")
    direct = dime_test.dime("run", "--local", "25%", *dime_test.UNDELAYED, "--", dime_test.PROGRAMS / "static_child")
    dime_test.equal(direct.status, 125, f"status ({direct.err})")
    dime_test.check("static" in direct.err, f"the reason is missing: {direct.err}")
    dime_test.equal(direct.out, b"", "output of a program that must not have started")
    if os.geteuid() == 0:
        folder, program = other_root()
        same_and_counted(f"env -i /usr/sbin/chroot {folder} {program}")
        same_and_counted(f"env -i /usr/bin/setpriv --reuid={NOBODY} --clear-groups {program}")


if __name__ == "__main__":
    dime_test.main(test)
