# SPDX-License-Identifier: GPL-2.0
"""An ordinary user can emulate: with the inline path everywhere, with the thread path where /dev/userfaultfd is open to everybody,
and elsewhere is told what fixes it.

The test runs as root in a mount namespace of its own, so that the machine's device node keeps its mode; dime and its agent are copied to
where the user may read them. The user also must not be able to attach to a process that is not his.
"""
import os
import shutil
import sys

import dime_test

USER = "nobody"


def as_user(open_device, *command):
    device = dime_test.scratch / "device"
    device.mkdir(exist_ok=True)
    mode = "666" if open_device else "600"
    script = (f"set -e; mount -t tmpfs -o mode=755 none {device}; mknod -m {mode} {device}/userfaultfd c 10 $MINOR;"
              f" mount --bind {device}/userfaultfd /dev/userfaultfd; exec runuser -u {USER} -- \"$@\"")
    minor = os.minor(os.stat("/dev/userfaultfd").st_rdev)
    return dime_test.native(["unshare", "--mount", "sh", "-c", script, "sh", *command], env={**os.environ, "MINOR": str(minor)}, cwd="/")


def copy_program():
    for folder in (dime_test.scratch, dime_test.runtime):
        folder.chmod(0o777)
    for part in ("bin", "lib"):
        shutil.copytree(dime_test.BUILD / part, dime_test.scratch / part)
    return dime_test.scratch / "bin" / "dime"


def test():
    if os.geteuid() != 0 or not os.path.exists("/dev/userfaultfd"):
        dime_test.skip("needs root and /dev/userfaultfd")
    dime_test.requires("unshare", "runuser")
    if dime_test.native(["unshare", "--mount", "true"]).status != 0:
        dime_test.skip("mount namespaces are not permitted here")
    dime = copy_program()
    options = ["--local", "25%", *dime_test.UNDELAYED]
    program = ["/usr/bin/python3", "-c", "data = list(range(600000)); print(sum(sorted(data, key=lambda x: -x)))"]

    run = as_user(True, dime, "run", *options, "--", *program)
    dime_test.equal((run.status, run.out), (0, b"179999700000\n"), f"as {USER} ({run.err})")
    dime_test.check("remote" in run.err, f"no summary: {run.err}")

    with open("/proc/sys/vm/unprivileged_userfaultfd", encoding="ascii") as setting:
        permitted_to_all = setting.read().strip() == "1"
    if not permitted_to_all:
        run = as_user(False, dime, "run", "--fault-path", "inline", *options, "--", *program)
        dime_test.equal((run.status, run.out), (0, b"179999700000\n"), f"as {USER} without permission ({run.err})")
        run = as_user(False, dime, "run", "--fault-path", "thread", *options, "--", *program)
        dime_test.equal((run.status, run.out), (125, b""), f"as {USER} without permission ({run.err})")
        dime_test.check("userfaultfd" in run.err, f"the hint is missing: {run.err}")

    sleeper = dime_test.start([sys.executable, "-c", "import time; time.sleep(100)"])
    run = as_user(True, dime, "attach", "-p", str(sleeper.pid), *options)
    dime_test.check(run.status not in (0, 125), f"{USER} attached to a process of root: {run.status} {run.err}")
    dime_test.check(str(sleeper.pid) in run.err, f"the message does not name the pid: {run.err}")
    sleeper.process.kill()
    sleeper.wait()


if __name__ == "__main__":
    dime_test.main(test)
