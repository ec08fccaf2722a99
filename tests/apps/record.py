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


def in_sample(page, share):
    """Whether a page belongs to a sample of that part of all pages, as core/page_sample.h says."""
    mask = (1 << 64) - 1
    at = (page + 0x9e3779b97f4a7c15) & mask
    at = ((at ^ (at >> 30)) * 0xbf58476d1ce4e5b9) & mask
    at = ((at ^ (at >> 27)) * 0x94d049bb133111eb) & mask
    return ((at ^ (at >> 31)) >> 32) * 10000 >> 32 < share * 10000


def test_sample():
    program = [dime_test.PROGRAMS / "verify_pages", THREADS, PAGES, ROUNDS]
    share = 0.1
    trace, result = scratch / "sample.trace", scratch / "sample.json"
    options = [*dime_test.UNDELAYED, "--local", "5%", "--sample", "10%", "-o", trace, "--json", result]
    run = dime("record", *options, "--", *dime_test.prepared(program))
    equal(run.status, 0, f"status of recording a sample: {run.err}")
    events = [event for event in events_of(trace) if event["what"] != "started"]
    outside = [event for event in events if not in_sample(int(str(event["page"]), 0), share)]
    check(not outside, f"events of pages outside of the sample: {outside[:3]}")
    summary = json.loads(dime("trace", "--summary", "--json", trace).out)
    equal(summary["sample"], share, "the share in the summary")
    # Of all pages of the threads, within five standard deviations.
    pages = THREADS * PAGES
    low, high = (pages * share + sign * 5 * (pages * share * (1 - share)) ** 0.5 for sign in (-1, 1))
    check(low <= summary["pages"] <= high + pages * share / 10, f"{summary['pages']} of {pages} pages in the sample")
    what = collections.Counter(event["what"] for event in events)
    remote = json.loads(result.read_text())["faults"]["remote"]
    check(what["demand"] > 0, f"there are remote accesses: {what}")
    equal(what["demand"], remote, "remote accesses: only pages of the sample")
    whole = json.loads(dime("whatif", trace, "--local", "100%", "--json", "-").out)[0]
    equal(whole["sample"], share, "the share in a prediction")
    check(low / share <= whole["local_pages"] <= high / share * 1.1, f"pages of the whole program: {whole['local_pages']}")
    refused(["whatif", trace, "--prefetch", "stride"], 1, "sample")


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
    # Whatever is left goes with the first look behind the end of the program, which was only just killed.
    wait_until(lambda: dime("status").out == b"no instances\n", "the instance to be removed")


def test_refused():
    there = scratch / "there.trace"
    refused(["record", "--", "true"], 125, "-o")
    refused(["record", "-o", there], 125, "program")
    refused(["record", "-o", there, "--for", "1s", "--", "true"], 125, "--for")
    refused(["record", "-o", there, "-p", os.getpid(), "--", "true"], 125, "program")
    refused(["record", "-o", there, "-p", os.getpid(), "--for", "soon"], 125, "--for soon")
    for share in ("0%", "101%", "half", "-1%"):
        refused(["record", "-o", there, f"--sample={share}", "--", "true"], 125, f"--sample {share}: allowed")
    refused(["record", "-o", there, "--engine", "kernel", "--", "true"], 125, "--engine kernel")
    refused(["record", "-o", scratch / "no" / "folder", "--", "true"], 125, "no/folder")
    refused(["record", "-o", scratch, "--", "true"], 125, scratch)
    refused(["record", "-o", there, "--", "/no/such/program"], 127, "/no/such/program")
    check(not there.exists(), "what is refused leaves no trace")


def test():
    test_refused()
    test_threads()
    test_sample()
    test_processes()
    test_killed_recorder()
    check(not list(dime_test.runtime.rglob("*events*")), "no ring is left behind")


if __name__ == "__main__":
    dime_test.main(test)
