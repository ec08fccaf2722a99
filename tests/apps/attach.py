# SPDX-License-Identifier: GPL-2.0
"""attach.py LOCAL TIMES [LATENCY]: attach to a running program of several threads and detach, again and again; its pages stay
right. With a latency, nearly always some of them are in flight when the program leaves."""
import json

import dime_test
from rounds import Rounds


def members():
    status = dime_test.dime("status", "--json")
    dime_test.equal(status.status, 0, f"status of dime status ({status.err})")
    return status.out.decode()


def test(local, times, latency=None):
    options = ("--latency", latency, "--bandwidth", "unlimited") if latency else dime_test.UNDELAYED
    program = Rounds(threads=3)
    for _ in range(int(times)):
        attached = dime_test.dime("attach", "-p", program.pid, "--local", local, *options)
        dime_test.equal(attached.status, 0, f"status of attach ({attached.err})")
        dime_test.check(str(program.pid) in members(), "dime status does not show the process")
        program.more(3)
        table = dime_test.dime("config").out.decode().splitlines()
        dime_test.check(any(f"{program.pid}," in line for line in table), f"dime config does not show the process: {table}")
        detached = dime_test.dime("detach", "-p", program.pid)
        dime_test.equal(detached.status, 0, f"status of detach ({detached.err})")
        dime_test.equal(dime_test.instances(), [], "instances after detach")
        program.more(3)
    json.loads(members())
    program.finish()


if __name__ == "__main__":
    dime_test.main(test)
