# SPDX-License-Identifier: GPL-2.0
"""A remote access takes what was asked for, and nothing else is delayed; stalls of several threads overlap.

The asserted bounds hold on any machine: a stall is not shorter than asked, but for 2 % or the 2 us by which the calibration may be off
on a busy one, nor longer than bounds.py allows, and what is not remote stays far below it. How close it is is printed;
bench/accuracy measures it.
"""
import json

import bounds
import dime_test

WORKLOAD = dime_test.WORKLOADS / "remote_access"


def measure(threads, accesses, latency, bandwidth="unlimited"):
    options = ("--latency", latency, "--bandwidth", bandwidth, "--allow-floor")
    run = dime_test.emulated([WORKLOAD, threads, 600, accesses], "300p", options)
    dime_test.equal(run.status, 0, f"status ({run.err[-500:]})")
    seen = json.loads(run.out)
    print(f"{threads} threads, {latency}, {bandwidth}: {seen}\n  reported: {dict(run.result['stall_ns'], histogram='...')}")
    return seen, run.result


def overlap():
    """Stalls of four threads take less than 2.5 times as long as those of one just before: the best of three tries."""
    found = []
    for _ in range(3):
        one, four = (measure(threads, 300, "2ms")[0]["seconds"] for threads in (1, 4))
        dime_test.check(four >= 0.98 * 300 * 0.002, f"300 stalls of 2 ms took only {four} s")
        found.append((one, four))
        if four < one * 2.5:
            return
    if bounds.is_crowded():
        print(f"overlap is not judged on a crowded machine: seconds of one and of four: {found}")
        return
    dime_test.check(False, f"stalls of 4 threads do not overlap: seconds of one and of four: {found}")


def test():
    for latency, target in (("20us", 20_000), ("100us", 100_000), ("1ms", 1_000_000)):
        seen, result = measure(1, 1200, latency)
        lowest = min(0.98 * target, target - 2000)
        dime_test.check(seen["again"]["p50"] >= lowest, f"{latency}: the program saw {seen['again']['p50']} ns")
        bounds.not_longer(target, seen["again"]["p50"], lambda: measure(1, 1200, latency)[0]["again"]["p50"], f"a stall of {latency}")  # noqa: B023
        dime_test.check(seen["repeat"]["p50"] < 0.1 * target, f"{latency}: a local access took {seen['repeat']['p50']} ns")
        dime_test.equal(result["stall_ns"]["target"], target, "target in the result")
        dime_test.check(result["stall_ns"]["p50"] >= lowest, f"{latency}: reported p50 {result['stall_ns']['p50']} ns")
    dime_test.check(seen["first"]["p50"] < 0.5 * target, f"a first touch took {seen['first']['p50']} ns")

    overlap()


if __name__ == "__main__":
    dime_test.main(test)
