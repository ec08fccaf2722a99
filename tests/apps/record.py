# SPDX-License-Identifier: GPL-2.0
"""`dime record` writes the events that the run counts, of all processes and threads; `dime whatif` takes them; what cannot be recorded is
refused with one line. 15 s."""
import collections
import json
import os
import signal
import subprocess

import dime_test
from dime_test import DIME, check, dime, equal, scratch, wait_until
from trace_command import refused

THREADS, PAGES, ROUNDS = 4, 2000, "~6"
PASSES = """
import os
memory = bytearray(8 << 20)
if os.fork() == 0:
    for at in range(0, len(memory), 4096):
        memory[at] = 1
    os._exit(0)
os.wait()
for _ in range(3):
    for at in range(0, len(memory), 4096):
        memory[at] += 1
print(sum(memory[::4096]))
"""


def recorded(command, name):
    trace, result = scratch / f"{name}.trace", scratch / f"{name}.json"
    run = dime("record", *dime_test.UNDELAYED, "-o", trace, "--json", result, "--", *dime_test.prepared(command))
    equal(run.status, 0, f"status of recording {name}: {run.err}")
    check(f"{trace}: " in run.err and " an event)" in run.err, f"the recording says how large it is: {run.err}")
    return run, trace, json.loads(result.read_text())


def events_of(trace):
    return [json.loads(line) for line in dime("trace", "--json", trace).out.splitlines()]


def compare_counts(trace, result):
    what = collections.Counter(event["what"] for event in events_of(trace))
    equal(what["demand"], result["faults"]["remote"], "remote accesses in the trace")
    equal(what["coalesced"], result["faults"]["joined"], "joined faults in the trace")
    equal(what["evict-clean"] + what["evict-dirty"] + what["evict-unknown"], result["evictions"]["total"], "evictions in the trace")
    return what


def test_threads():
    run, trace, result = recorded([dime_test.PROGRAMS / "verify_pages", THREADS, PAGES, ROUNDS], "threads")
    what = compare_counts(trace, result)
    check(what["demand"] > THREADS * PAGES, f"there are remote accesses: {what}")
    summary = json.loads(dime("trace", "--summary", "--json", trace).out)
    check(summary["complete"] and summary["threads"] >= THREADS, f"the summary: {summary}")
    check(trace.stat().st_size <= 4 * summary["events"] + 4096, f"{trace.stat().st_size} bytes for {summary['events']} events")
    accesses = {event["access"] for event in events_of(trace) if event["what"] == "demand"}
    check("write" in accesses, f"accesses are told: {accesses}")
    points = json.loads(dime("whatif", trace, "--local", "30%,60%,100%", "--json", "-").out)
    check(points[0]["misses"] > points[-1]["misses"] and all(point["good"] for point in points), f"predictions: {points}")


def test_processes():
    run, trace, result = recorded(["/usr/bin/python3", "-c", PASSES], "processes")
    equal(int(run.out), 2048 * 3, "what the program prints")
    events = events_of(trace)
    children = {event["pid"] for event in events} - {events[0]["pid"]}
    equal(len(children), 1, "processes other than the first")
    what = collections.Counter(event["what"] for event in events if event["pid"] in children)
    check(what["adopted"] > 0 and what["dropped"] > 0, f"a child begins with pages and gives them back: {what}")


def test_killed_recorder():
    trace = scratch / "killed.trace"
    command = ["record", *dime_test.UNDELAYED, "-o", trace, "--", dime_test.PROGRAMS / "verify_pages", 2, PAGES, 100000]
    recorder = subprocess.Popen([DIME, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    wait_until(lambda: trace.exists() and trace.stat().st_size > 20000, "blocks in the trace")
    recorder.kill()
    recorder.wait()
    os.killpg(recorder.pid, signal.SIGKILL)
    run = dime("trace", "--summary", "--json", trace)
    summary = json.loads(run.out)
    check(not summary["complete"] and summary["events"] > 1000 and "end" in run.err, f"up to the last block: {summary} {run.err}")
    dime("status")  # removes what is left


def test_refused():
    there = scratch / "there.trace"
    refused(["record", "--", "true"], 125, "-o")
    refused(["record", "-o", there], 125, "program")
    refused(["record", "-o", there, "--for", "1s", "--", "true"], 125, "--for")
    refused(["record", "-o", there, "-p", os.getpid(), "--", "true"], 125, "program")
    refused(["record", "-o", there, "-p", os.getpid(), "--for", "soon"], 125, "--for soon")
    refused(["record", "-o", there, "--engine", "kernel", "--", "true"], 125, "--engine kernel")
    refused(["record", "-o", scratch / "no" / "folder", "--", "true"], 125, "no/folder")
    refused(["record", "-o", scratch, "--", "true"], 125, scratch)
    refused(["record", "-o", there, "--", "/no/such/program"], 127, "/no/such/program")
    check(not there.exists(), "what is refused leaves no trace")


def test():
    test_refused()
    test_threads()
    test_processes()
    test_killed_recorder()
    check(not list(dime_test.runtime.rglob("*events*")), "no ring is left behind")


if __name__ == "__main__":
    dime_test.main(test)
