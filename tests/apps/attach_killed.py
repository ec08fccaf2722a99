# SPDX-License-Identifier: GPL-2.0
"""attach_killed.py WHO TIMES: killed -9 at random moments of attach and detach.

`target`: the process that is attached to; dime says so or has finished before, and no instance is left. `dime`: dime, and in every
second round its injecting child too; the process goes on with all its threads, right pages, and can be attached to again.
"""
import os
import random
import signal
import time

import dime_test
import watchdog
from rounds import Rounds

OPTIONS = ("--local", "25%", *dime_test.UNDELAYED)
MOST_SECONDS = 0.03


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def tracer(pid):
    status = watchdog.read(f"/proc/{pid}/status")
    return int(status.partition("TracerPid:\t")[2].split("\n")[0] or 0)


def wait_for_tracer(pid, dime):
    while tracer(pid) == 0 and dime.process.poll() is None:
        pass


def pause(most=MOST_SECONDS):
    end = time.monotonic() + random.uniform(0, most)
    while time.monotonic() < end:
        pass


def kill_target(times):
    for number in range(times):
        program = Rounds(pages=400, threads=3)
        attach = dime_test.start([dime_test.DIME, "attach", "-p", program.pid, *OPTIONS])
        if number % 2:
            dime_test.equal(attach.wait().status, 0, "status of attach")
            end = dime_test.start([dime_test.DIME, "detach", "-p", program.pid])
        else:
            wait_for_tracer(program.pid, attach)
            end = attach
        pause()
        kill(program.pid)
        dime_test.equal(program.started.wait().status, 137, "status of the killed program")
        run = end.wait()
        dime_test.check(run.status in (0, 1), f"status {run.status} of dime ({run.err})")
        dime_test.dime("status")
        dime_test.equal(dime_test.instances(), [], f"instances, round {number}")
        program.progress.unlink()


def kill_dime(times):
    program = Rounds(pages=400, threads=3)
    threads = len(os.listdir(f"/proc/{program.pid}/task"))
    left_in_time = 0
    for number in range(times):
        attach = dime_test.start([dime_test.DIME, "attach", "-p", program.pid, *OPTIONS])
        wait_for_tracer(program.pid, attach)
        pause()
        injector = tracer(program.pid)
        kill(attach.pid)
        if number % 2 and injector:
            kill(injector)
        attach.wait()
        dime_test.wait_until(lambda: tracer(program.pid) == 0, "the injector to end")
        left_in_time += dime_test.dime("detach", "-p", program.pid).status == 0
        dime_test.wait_until(lambda: len(os.listdir(f"/proc/{program.pid}/task")) == threads,
                             f"the program to have {threads} threads", seconds=5)
        program.more(2)
    attached = dime_test.dime("attach", "-p", program.pid, *OPTIONS)
    dime_test.equal(attached.status, 0, f"status of attach ({attached.err})")
    program.more(2)
    dime_test.equal(dime_test.dime("detach", "-p", program.pid).status, 0, "status of detach")
    program.finish()
    print(f"{left_in_time} of {times} attaches were complete")


def test(who, times):
    random.seed(int(times))
    {"target": kill_target, "dime": kill_dime}[who](int(times))


if __name__ == "__main__":
    dime_test.main(test)
