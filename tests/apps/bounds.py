# SPDX-License-Identifier: GPL-2.0
"""Upper bounds of stalls: not longer than the machine itself takes for such a wait, now.

A median is judged, so that single interruptions do not count, and the best of three tries. The margin is a quarter of the stall and half
of what an access takes at zero latency, so what doubles every stall fails. Where a program that waits in the same way, by a
timer and then by the clock, overshoots by a tenth in its median, the machine is too noisy to tell: a skip. Waits that are slept
through are not judged where more threads than processors want to run: who gets the processor after a sleep is the scheduler's choice.
"""
import json
import os
import statistics
import time

import dime_test

MARGIN = 1.25
USUAL_FLOOR_NS = 4_000  # below any; a floor that matters is measured
TRIES = 3
SLEPT_NS = 150_000


def native_wait(target):
    """The median time that a wait of `target` ns takes: slept through but for the last 80 us, where it is longer than 100 us."""
    sleep = (target - 80_000) / 1e9 if target >= 100_000 else 0
    took = []
    end = time.monotonic() + 1
    while len(took) < 5 or (len(took) < 300 and time.monotonic() < end):
        begin = time.perf_counter_ns()
        if sleep:
            time.sleep(sleep)
        while (now := time.perf_counter_ns()) - begin < target:
            pass
        took.append(now - begin)
    return statistics.median(took)


def floor():
    path = ("--fault-path", dime_test.FAULT_PATH) if dime_test.FAULT_PATH else ()
    run = dime_test.dime("calibrate", "--json", *path)
    dime_test.equal(run.status, 0, f"status of dime calibrate ({run.err})")
    return json.loads(run.out)["floor_ns"]


def is_crowded():
    return os.getloadavg()[0] > 1.5 * os.cpu_count()


def bound(wait, floor_ns):
    return MARGIN * max(wait, floor_ns) + floor_ns / 2


def not_longer(target, seen, again, what):
    """`seen` was the median of stalls of `target` ns; again() measures another one."""
    if seen <= bound(target, USUAL_FLOOR_NS):
        return
    if target >= SLEPT_NS and is_crowded():
        print(f"{what}: {seen} ns at {target} ns, not judged at a load of {os.getloadavg()[0]:.1f}")
        return
    for _ in range(TRIES):
        least = floor()
        before = native_wait(target)
        seen = again()
        native = max(before, native_wait(target))
        if native > 1.1 * target:
            dime_test.skip(f"{what}: a native wait of {target} ns took {native:.0f} ns just now, so that its length cannot be judged")
        print(f"{what}: {seen} ns at {target} ns; natively {native:.0f} ns, floor {least} ns")
        if seen <= bound(native, least):
            return
    dime_test.check(False, f"{what}: {seen} ns instead of {target} ns; allowed: {bound(native, least):.0f} ns")
