# SPDX-License-Identifier: GPL-2.0
"""Schedules act without a running `dime`: latencies change, no touch returns during an outage, all return after it, nothing is lost."""
import json
import os
import signal
import time

import dime_test

PROGRAM = dime_test.PROGRAMS / "touch_gaps"
OPTIONS = ("--latency", "200us", "--bandwidth", "unlimited", "--allow-floor")


def emulate(milliseconds, *options):
    run = dime_test.emulated([PROGRAM, 600, milliseconds], "300p", (*OPTIONS, *options))
    dime_test.equal(run.status, 0, f"status ({run.err[-500:]})")
    seen = json.loads(run.out)
    print(f"{' '.join(options)}: {seen}")
    return seen, run.result


def start(milliseconds):
    """A program that is certain to be going round its pages."""
    run = dime_test.start_emulated([PROGRAM, 600, milliseconds], "300p", (*OPTIONS, "--instance", "0"))

    def goes_round():
        status = dime_test.dime("status", "--json")
        listed = json.loads(status.out)["instances"] if status.status == 0 else []
        return listed and listed[0]["faults"]["remote"] > 300

    dime_test.wait_until(goes_round, "remote accesses")
    return run


def configure(text):
    run = dime_test.dime("config", f"instance_id=0 {text}")
    dime_test.equal(run.status, 0, f"status of dime config ({run.err})")


def outage():
    program = start(4000)
    configure("schedule=1us:down;800ms:up")
    run = program.wait()
    dime_test.equal(run.status, 0, f"status ({run.err[-500:]})")
    seen = json.loads(run.out)
    print(f"outage: {seen}")
    # One touch took all of it, but for the time until the program came to the next remote page.
    dime_test.check(seen["longest"] >= 795_000_000, f"the longest touch took {seen['longest']} ns, the outage 800 ms")
    dime_test.check(seen["touches"] > 600, f"only {seen['touches']} touches")
    dime_test.equal([step.get("link") for step in run.result["config"]["schedule"]], ["down", "up"], "schedule in the result")


def bounded():
    seen, _ = emulate(1000, "--at", "400ms", "down", "--outage-max", "150ms")
    dime_test.check(seen["longest"] >= 150_000_000, f"the longest touch took {seen['longest']} ns, a wait of 150 ms was asked for")


def slower():
    begin = time.monotonic()
    _, result = emulate(1500, "--at", "500ms", "latency=20ms")
    slow = [count for upper, count in result["stall_ns"]["histogram"] if upper >= 20_000_000]
    print(f"{sum(slow)} stalls of 20 ms in {time.monotonic() - begin:.1f} s")
    dime_test.check(sum(slow) >= 2, "no stall of 20 ms behind the step")
    dime_test.check(result["stall_ns"]["p50"] < 20_000_000 or sum(slow) * 2 >= result["stall_ns"]["count"], "all stalls were long")


def without_dime():
    """Killed before the outage, `dime run` leaves the schedule behind."""
    program = start(4000)
    configure("schedule=300ms:down;1s:up")
    os.kill(program.pid, signal.SIGKILL)
    program.process.wait()
    dime_test.wait_until(lambda: program.out_path.read_text().endswith("\n"), "the program to end")
    seen = json.loads(program.out_path.read_text())
    print(f"dime killed: {seen}")
    dime_test.check(seen["longest"] >= 695_000_000, f"the longest touch took {seen['longest']} ns, the outage 700 ms")
    dime_test.dime("status")


def test():
    outage()
    bounded()
    slower()
    without_dime()


if __name__ == "__main__":
    dime_test.main(test)
