# SPDX-License-Identifier: GPL-2.0
"""`dime record --stacks` tells which functions the accesses come from: of a program with frame pointers the whole stack, of others the
innermost function; `dime trace` folds that and counts it by function. What cannot be had is refused with one line. 10 s."""
import collections
import json
import os
import signal
import subprocess

import dime_test
from dime_test import DIME, check, dime, equal, scratch, wait_until
from trace_command import refused

PROGRAM = dime_test.PROGRAMS / "call_stacks"
PAGES, LIMIT = 1000, "100p"
# Accesses below each function: a pass over all pages misses each of them, but for the last page of the pass before. A first pass misses none.
BELOW = {"set_all": PAGES + 1, "touch_often": 3 * PAGES, "touch_seldom": 2 * PAGES, "read_all": PAGES}
SLACK = 5  # pages of the program's that are evicted in between, and other ones with them


def recorded(name, *command, stacks="--stacks"):
    trace, result = scratch / f"{name}.trace", scratch / f"{name}.json"
    run = dime("record", stacks, "--local", LIMIT, *dime_test.UNDELAYED, "-o", trace, "--json", result, "--", *command)
    equal(run.status, 0, f"status of recording {name}: {run.err}")
    return trace, json.loads(result.read_text())


def folded(trace):
    run = dime("trace", "--folded", trace)
    equal(run.status, 0, f"status of folding {trace}: {run.err}")
    counts = {}
    for line in run.out.decode().splitlines():
        stack, count = line.rsplit(" ", 1)
        check(stack not in counts, f"each stack has one line: {stack}")
        counts[stack] = int(count)
    return counts, run.err


def below(counts, function):
    return sum(count for stack, count in counts.items() if function in stack.split(";"))


def check_functions(counts, outer, expectations):
    for function, expected in expectations.items():
        found = below(counts, function)
        check(abs(found - expected) <= SLACK, f"{found} accesses below {function}, not {expected}: {counts}")
    for stack in counts:
        frames = stack.split(";")
        if "touch_all" in frames:
            check(frames[0] == "call_stacks" and frames[-1] == "touch_all", f"the outermost is first: {stack}")
            check(frames[-2] in ("touch_often", "touch_seldom") and frames[-3] == "run_all" and outer in frames, f"callers: {stack}")
    # memset has no frame of its own, and its caller is found all the same.
    check(any(";set_all;" in stack for stack in counts), f"the caller of memset: {counts}")


def test_functions():
    trace, result = recorded("functions", PROGRAM, PAGES)
    counts, notice = folded(trace)
    equal(notice, "", "all remote accesses have a stack")
    equal(sum(counts.values()), result["faults"]["remote"], "the remote accesses of all stacks")
    check_functions(counts, "main", BELOW)
    shares = {share["function"]: share for share in json.loads(dime("trace", trace, "--by", "function", "--json").out)}
    equal(sum(share["remote"] for share in shares.values()), result["faults"]["remote"], "the remote accesses of all functions")
    check(abs(shares["touch_all"]["remote"] - 5 * PAGES) <= SLACK, f"those of touch_all: {shares['touch_all']}")
    equal(shares["touch_all"]["pages"], PAGES, "pages that touch_all used")
    check(sum(share["first_touch"] for share in shares.values()) >= PAGES, f"first touches have stacks: {shares}")
    check(trace.stat().st_size <= 4 * json.loads(dime("trace", "--summary", "--json", trace).out)["events"], "stacks are kept once")


def test_thread():
    trace, _ = recorded("thread", PROGRAM, PAGES, "thread")
    # Where there are threads, the C library's read() has a frame, but no frame pointer, and hides its caller.
    expectations = {"read" if function == "read_all" else function: expected for function, expected in BELOW.items()}
    check_functions(folded(trace)[0], "run_all", expectations)


def test_sample():
    every = 4
    together = 16  # pages that one request for a system call fetches, and that have one stack or none
    trace, result = recorded("sample", PROGRAM, PAGES, stacks=f"--stacks={every}")
    counts, notice = folded(trace)
    expected = result["faults"]["remote"] / every
    check(abs(sum(counts.values()) - expected) <= 0.05 * expected, f"one in {every}: {sum(counts.values())}, not {expected}")
    check(f"of {result['faults']['remote']} remote accesses" in notice, f"it is said that not all have one: {notice!r}")
    parts = collections.Counter({function: below(counts, function) * every for function in BELOW})
    for function, expected in BELOW.items():
        check(abs(parts[function] - expected) <= 0.1 * expected + 2 * together * every, f"{parts[function]} accesses below {function}, about {expected}")


def test_processes():
    trace, _ = recorded("processes", "/bin/sh", "-c", f"{PROGRAM} {PAGES}; {PROGRAM} {PAGES}")
    for function, expected in BELOW.items():
        found = below(folded(trace)[0], function)
        check(abs(found - 2 * expected) <= 2 * SLACK, f"{found} accesses of two processes below {function}, not {2 * expected}")


def test_program_without_frame_pointers():
    numbers = scratch / "numbers"
    numbers.write_text("\n".join(str(i * 7919 % 20011) for i in range(20000)) + "\n")
    trace, result = recorded("sort", "sort", "-n", "--parallel=1", numbers, "-o", scratch / "sorted")
    counts, notice = folded(trace)
    equal((sum(counts.values()), notice), (result["faults"]["remote"], ""), "the remote accesses of all stacks")
    check("[unknown]" not in "".join(counts), f"its code is known: {counts}")


def test_killed_recorder():
    trace = scratch / "killed.trace"
    command = ["record", "--stacks", "--local", LIMIT, *dime_test.UNDELAYED, "-o", trace, "--", PROGRAM, 100000]
    recorder = subprocess.Popen([DIME, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    wait_until(lambda: trace.exists() and trace.stat().st_size > 20000, "blocks in the trace")
    recorder.kill()
    recorder.wait()
    os.killpg(recorder.pid, signal.SIGKILL)
    counts, notice = folded(trace)
    shares = json.loads(dime("trace", trace, "--by", "function", "--json").out)
    check(shares and "events before that are used" in notice, f"up to the last block: {notice!r} {shares} {counts}")
    dime("status")  # removes what is left


def test_refused():
    there = scratch / "there.trace"
    refused(["record", "--stacks", "--fault-path", "thread", "-o", there, "--", "true"], 125, "--stacks", "inline")
    refused(["record", "--stacks", "-o", there, "-p", os.getpid()], 125, "--stacks", "-p")
    refused(["record", "--stacks=few", "-o", there, "--", "true"], 125, "--stacks few", "one in 1")
    refused(["record", "--stacks=0", "-o", there, "--", "true"], 125, "--stacks 0")
    refused(["record", "--stacks=1000001", "-o", there, "--", "true"], 125, "--stacks 1000001", "1000000")
    check(not there.exists(), "what is refused leaves no trace")
    plain = scratch / "plain.trace"
    dime("record", *dime_test.UNDELAYED, "-o", plain, "--", PROGRAM, 200)
    refused(["trace", plain, "--folded"], 1, "--folded", plain)
    refused(["trace", plain, "--by", "function"], 1, "--by function", plain)
    refused(["trace", plain, "--folded", "--json"], 2, "--folded")
    refused(["trace", plain, "--folded", "--summary"], 2, "--folded")
    refused(["trace", "--folded"], 2, "--from")


def test():
    test_refused()
    test_functions()
    test_thread()
    test_sample()
    test_processes()
    test_program_without_frame_pointers()
    test_killed_recorder()
    check(not list(dime_test.runtime.rglob("*events*")), "no ring is left behind")


if __name__ == "__main__":
    dime_test.main(test)
