# SPDX-License-Identifier: GPL-2.0
"""Two instances on one link get its bandwidth together, and each a share; back on its own link, an instance has one to itself.

The asserted bounds hold on any machine: never more than the bandwidth, and neither starves. How close they come is printed.
"""
import json
import time

import dime_test

PROGRAM = dime_test.PROGRAMS / "touch_gaps"
BITS_PER_PAGE = 4096 * 8
BANDWIDTH = 200e6


def start(instance):
    return dime_test.start_emulated([PROGRAM, 600, 6000], "300p",
                                    ("--latency", "20us", "--bandwidth", "200Mbit/s", "--link", "backbone", "--allow-floor",
                                     "--instance", instance))


def snapshot():
    """Time, remote accesses of each instance, and the link's figures."""
    before = time.monotonic()
    listed = json.loads(dime_test.dime("status", "--json").out)["instances"]
    return before, {one["instance_id"]: one["faults"]["remote"] for one in listed}, time.monotonic()


def both_run():
    seen = snapshot()[1]
    return len(seen) == 2 and min(seen.values()) > 700


def test():
    programs = [start(0), start(1)]
    dime_test.wait_until(both_run, "remote accesses of both")
    begin, first, _ = snapshot()
    time.sleep(2)
    _, second, end = snapshot()
    # The counts are from some moment within each snapshot, so the time between is at most this.
    rates = [(second[one] - first[one]) * BITS_PER_PAGE / (end - begin) for one in (0, 1)]
    print(f"on one link of 200 Mbit/s: {rates[0] / 1e6:.2f} and {rates[1] / 1e6:.2f} Mbit/s, together {sum(rates) / 1e6:.2f}")
    dime_test.check(sum(rates) <= BANDWIDTH * 1.005, f"{sum(rates) / 1e6:.2f} Mbit/s over a link of 200 Mbit/s")
    dime_test.check(min(rates) > 0.1 * max(rates), f"an instance starves: {rates}")

    changed = dime_test.dime("config", "instance_id=1 link=-")
    dime_test.equal(changed.status, 0, f"status of dime config ({changed.err})")
    results = []
    for program in programs:
        run = program.wait()
        dime_test.equal(run.status, 0, f"status ({run.err[-500:]})")
        results.append(run.result)
    dime_test.equal([result["config"]["link"] for result in results], ["backbone", ""], "links at the end")
    remote = [result["faults"]["remote"] * 4096 for result in results]
    shared, own = (result["link"]["bytes_rx"] for result in results)
    print(f"carried: {shared} bytes by the shared link, {own} by the own one, of {remote}")
    dime_test.check(0 < own < remote[1], f"the own link carried {own} bytes of {remote[1]}")
    dime_test.check(abs(shared + own - sum(remote)) <= 16 * 4096, f"{shared} + {own} bytes carried, {remote} fetched")


if __name__ == "__main__":
    dime_test.main(test)
