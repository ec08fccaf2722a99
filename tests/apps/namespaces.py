# SPDX-License-Identifier: GPL-2.0
"""Members that cannot look each other up, for they live in another pid or time namespace, or without /proc: none is taken for dead while it
lives, so the limit holds; and what is killed there leaves nothing."""
import json
import os
import signal

import dime_test
import watchdog

LIMIT = 64
LIMITED = f"{LIMIT}p"
PROCESSES = 3


def live_members():
    found = json.loads(dime_test.dime("status", "--json").out)
    return [member["comm"] for instance in found["instances"] for member in instance["members"]]


def test(kind):
    command = [dime_test.PROGRAMS / "namespaces", kind]
    native = dime_test.native(command)
    if native.status == dime_test.SKIPPED:
        dime_test.skip(f"another {kind} is not permitted here")
    run = dime_test.emulated(command, LIMITED)
    dime_test.same(native, run)
    dime_test.equal(len(run.result["processes"]), PROCESSES, "processes in the result")
    peak = run.result["pages"]["local_peak"]
    # Each fork may leave as many pages local in the child, above the limit.
    dime_test.check(LIMIT // 2 <= peak <= LIMIT * PROCESSES, f"a peak of {peak} local pages")

    fifo = dime_test.scratch / "fifo"
    os.mkfifo(fifo)
    started = dime_test.start_emulated([*command, fifo], LIMITED)
    reader = os.open(fifo, os.O_RDWR)
    dime_test.wait_until(lambda: b"ready" in started.out_path.read_bytes(), "the children")
    dime_test.equal(len(live_members()), PROCESSES, "members seen from outside")
    for pid in sorted(watchdog.descendants(), reverse=True):
        if pid != started.pid:
            os.kill(pid, signal.SIGKILL)
    os.close(reader)
    dime_test.equal(started.wait().status, 137, "status of the killed program")
    dime_test.equal(dime_test.instances(), [], "instances after the end")


if __name__ == "__main__":
    dime_test.main(test)
