# SPDX-License-Identifier: GPL-2.0
"""A thread with a real-time priority does not wait for ever for one without that holds something of the agent's: with the priority it gets
at least a quarter as far as without (1/40 where those who wait only yield). 10 s.
"""
import dime_test

LEAST = 0.25


def bursts(*priority):
    run = dime_test.emulated([dime_test.PROGRAMS / "real_time", 4, *priority], "20p")
    if run.status == dime_test.SKIPPED:
        dime_test.skip(run.out.decode().strip())
    dime_test.equal(run.status, 0, f"status ({run.err})")
    return int(run.out)


def test():
    without, fifo = bursts(), bursts("fifo")
    print(f"wake-ups in 4 s: {without}, with SCHED_FIFO {fifo}")
    dime_test.check(fifo >= LEAST * without, f"{fifo} wake-ups with a real-time priority, {without} without")


if __name__ == "__main__":
    dime_test.main(test)
