# SPDX-License-Identifier: GPL-2.0
"""patched.py [--dispatch] PROGRAM [ARGUMENTS]: the same output and status as natively when every system call of the C library and the
loader goes through a hook that lets it pass. --dispatch: and those that are left alone by way of Syscall User Dispatch.
"""
import os

import dime_test

LIBRARIES = ("/lib/x86_64-linux-gnu/libc.so.6", "/lib64/ld-linux-x86-64.so.2")


def table(library):
    made = dime_test.native([dime_test.PROGRAMS / "site_table", library, dime_test.scratch])
    dime_test.equal(made.status, 0, f"status of site_table {library}")
    return made.out.decode().strip()


def dispatch_is_there():
    import ctypes
    # PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_OFF
    return ctypes.CDLL(None).prctl(59, 0, 0, 0, 0) == 0


def test(*words):
    dispatch = words[0] == "--dispatch"
    command = words[1:] if dispatch else words
    if dispatch and not dispatch_is_there():
        dime_test.skip("this kernel has no Syscall User Dispatch (Linux 5.11)")
    expected = dime_test.native(command)
    dime_test.equal(expected.status, 0, "status of the native run")
    counts = dime_test.scratch / "counts"
    env = dict(os.environ, LD_PRELOAD=str(dime_test.BUILD / "tests" / "libpatch_preload.so"),
               DIME_TEST_TABLES=":".join(table(library) for library in LIBRARIES), DIME_TEST_COUNTS=str(counts))
    if dispatch:
        env["DIME_TEST_DISPATCH"] = "1"
    run = dime_test.native(command, env=env)
    dime_test.check(run.status == expected.status, f"status {run.status}, standard error:\n{run.err[-3000:]}")
    dime_test.equal(run.out, expected.out, "output")
    lines = [[int(word) for word in line.split()] for line in counts.read_text().splitlines()]
    dime_test.check(lines, "no process has reported")
    for patched, left, refused, changed, hooked, dispatched in lines:
        dime_test.check(patched >= 100 and left >= 3 and refused == 0 and changed == 0, f"sites: {patched} {left} {refused} {changed}")
        dime_test.check(hooked > 0, "nothing went through the hook")
    print(f"native {expected.seconds:.2f} s, patched {run.seconds:.2f} s, {len(lines)} processes, "
          f"{sum(line[4] for line in lines)} calls hooked, {sum(line[5] for line in lines)} dispatched")
    if dispatch:
        dime_test.check(sum(line[5] for line in lines) > 0, "nothing was dispatched")


if __name__ == "__main__":
    dime_test.main(test)
