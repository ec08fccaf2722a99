# SPDX-License-Identifier: GPL-2.0
"""Latency, bandwidth, local size, policy and prefetcher change while the program runs, by `dime config`; its pages stay right.

The effect is seen in the rounds that the program finishes: 1 ms for each remote access makes them rare, everything local makes
them fast again.
"""
import time

import dime_test
from rounds import Rounds


def configure(text):
    run = dime_test.dime("config", f"instance_id=0 {text}")
    dime_test.equal(run.status, 0, f"status of dime config '{text}' ({run.err})")


def rate(program, seconds=2.0):
    before = program.done()
    time.sleep(seconds)
    return (program.done() - before) / seconds


def test():
    program = Rounds(pages=800, threads=2, local="600p")
    table = dime_test.dime("config").out.decode()
    dime_test.check(f"{program.pid}," in table and " 600 " in table, f"the table: {table}")
    configure("latency_ns=3000000")
    slow = rate(program)
    configure("local_npages=100000 latency_ns=0")
    program.more(5)
    fast = rate(program)
    dime_test.check(fast > 4 * slow, f"{fast} rounds a second with all pages local, {slow} at 3 ms a remote access")
    for text in ("local_npages=100", "prefetch=sequential:7", "policy=random", "prefetch=leap", "prefetch=none", "local_npages=900",
                 "policy=fifo bandwidth_bps=10000000000", "latency_ns=20000 local_npages=300", "bandwidth_bps=0 latency_ns=0",
                 "page_fault_count=0"):
        configure(text)
        program.more(2)
    bad = dime_test.dime("config", "instance_id=0 local_npages=5000 latency_ns=x")
    dime_test.check(bad.status != 0, "a bad string was accepted")
    dime_test.check(" 300 " in dime_test.dime("config").out.decode(), "a bad string was applied in part")
    program.finish()


if __name__ == "__main__":
    dime_test.main(test)
