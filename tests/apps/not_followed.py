# SPDX-License-Identifier: GPL-2.0
"""Programs that cannot be followed run unharmed as children and are counted: statically linked ones, those of another C library, the
dynamic loader itself, and those from which the agent or the control block cannot be reached. One that is asked for directly is refused
before it has begun.
"""
import os
import re
import shutil

import dime_test

NOBODY = 65534
LOADER = "/lib64/ld-linux-x86-64.so.2"
# The C library's messages are compared, too: its loader would complain of an agent that it cannot open.
STARTS = "exec 2>&1; {}; echo $?"


def same_and_counted(command):
    command = ["sh", "-c", STARTS.format(command)]
    run = dime_test.emulated(command, "25%")
    dime_test.same(dime_test.native(command), run)
    dime_test.equal(run.result["not_followed"], 1, f"programs that were not followed of {command}")
    dime_test.check("follow" in run.err, f"the summary does not say that a program was not followed:\n{run.err}")


def refused(program, reason):
    direct = dime_test.dime("run", "--local", "25%", *dime_test.UNDELAYED, "--", program, "/bin/echo", "started")
    dime_test.equal(direct.status, 125, f"status ({direct.err})")
    dime_test.check(reason in direct.err, f"the reason is missing: {direct.err}")
    dime_test.equal(direct.out, b"", "output of a program that must not have started")


def musl_program():
    """A program of musl's that shows its environment, or None."""
    source = dime_test.scratch / "musl.c"
    source.write_text("extern char **environ; int puts(const char *); "
                      "int main(void) { for (char **v = environ; *v; ++v) puts(*v); return 3; }")
    program = dime_test.scratch / "musl"
    if not shutil.which("musl-gcc"):
        print("no musl-gcc here")
        return None
    dime_test.equal(dime_test.native(["musl-gcc", source, "-o", program]).status, 0, "musl-gcc")
    return program


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
    refused(dime_test.PROGRAMS / "static_child", "static")
    same_and_counted(f"{LOADER} /bin/echo started")
    refused(LOADER, "is the dynamic loader")
    musl = musl_program()
    if musl:
        same_and_counted(f"env -i {musl}")
        same_and_counted(f"{musl} | grep -cE 'DIME_CONTROL|LD_PRELOAD'")
        refused(musl, "needs glibc")
    if os.geteuid() == 0:
        folder, program = other_root()
        same_and_counted(f"env -i /usr/sbin/chroot {folder} {program}")
        same_and_counted(f"env -i /usr/bin/setpriv --reuid={NOBODY} --clear-groups {program}")


if __name__ == "__main__":
    dime_test.main(test)
