# SPDX-License-Identifier: GPL-2.0
"""What `dime run` says of what it cannot do: an emulated program that starts `dime run`, and a core dump."""
import os
import resource

import dime_test


def nested():
    run = dime_test.start_emulated([dime_test.DIME, "run", "--", "true"], "100%").wait()
    dime_test.equal(run.status, 125, f"status of dime run inside of a program ({run.err})")
    lines = [line for line in run.err.splitlines() if "emulated already" in line]
    dime_test.check(len(lines) == 1 and lines[0].startswith("dime: error: "), f"not one line of error: {run.err}")


def core_dump():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
    command = ["/usr/bin/python3", "-c", "import os; block = bytearray(1 << 20); os.abort()"]
    child = os.spawnvp(os.P_NOWAIT, command[0], command)
    _, status = os.waitpid(child, 0)
    run = dime_test.emulated(command, "25%")
    dime_test.equal(run.status, 134, "status of a program that aborts")
    dime_test.equal("zeros in the core dump" in run.err, os.WCOREDUMP(status), f"a note where there is a core dump ({run.err})")


def test():
    nested()
    os.chdir(dime_test.scratch)
    core_dump()


if __name__ == "__main__":
    dime_test.main(test)
