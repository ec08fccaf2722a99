# SPDX-License-Identifier: GPL-2.0
"""detach_random.py TIMES [SEED]: detach a program at a random moment of its life; it goes on as if nothing had been.

The program's threads make dispatched system calls, take faults and signals, and start programs. What it starts after that is not followed.
"""
import random
import time

import dime_test
import watchdog

PROGRAM = dime_test.PROGRAMS / "detach_calls"
SECONDS = 0.4


def member(program):
    """The program's process, once it runs."""
    def running():
        return [pid for pid in watchdog.children(program.pid) if watchdog.read(f"/proc/{pid}/comm").startswith(PROGRAM.name)]

    dime_test.wait_until(lambda: running() or program.process.poll() is not None, "the program to start")
    return (running() or [0])[0]


def once(moments, what):
    """One program; whether it was detached while it ran."""
    program = dime_test.start_emulated([PROGRAM, SECONDS, "agent"], "60p", ("--latency", "100us", "--bandwidth", "unlimited", "--allow-floor"))
    pid = member(program)
    time.sleep(moments.random() * SECONDS)
    answer = dime_test.dime("detach", "-p", pid)
    run = program.wait()
    what = f"{what}, detach: {answer.status} {answer.err}"
    dime_test.equal(run.status, 0, f"status ({what}; {run.err[-1500:]})")
    dime_test.check(run.out.endswith(b"ok\n"), f"output {run.out!r} ({what})")
    was = b"not followed" in run.out
    dime_test.check(was or b"detached" not in answer.out, f"a detached process' child was followed ({what})")
    return was


def test(times, seed="1"):
    moments = random.Random(int(seed))
    detached = sum(once(moments, f"round {number}") for number in range(int(times)))
    print(f"{detached} of {times} were detached while they ran")
    dime_test.check(detached > 0, "no program was detached while it ran")


if __name__ == "__main__":
    dime_test.main(test)
