# SPDX-License-Identifier: GPL-2.0
"""Wrong use of every command ends with status 2 (125 for `dime run` and `dime record`) and one printable line of error; files without an end and FIFOs
are refused at once.
"""
import os

import dime_test

USAGE = [
    ["config", "instance_id=zero"], ["config", "colour=red"], ["config", "instance_id=0 local_npages=0"], ["config", "instance_id=7 remove=1"],
    ["config", "--nosuch"], ["set", "--nosuch"], ["set", "--latency", "5"], ["set"], ["set", "--instance", "9", "--latency", "50us"],
    ["status", "--nosuch"], ["status", "extra"], ["status", "--json=2"], ["attach"], ["attach", "-p", "x"], ["detach"], ["detach", "-p", "-1"],
    ["policies", "--nosuch"], ["presets", "--nosuch"], ["doctor", "--nosuch"], ["calibrate", "--nosuch"], ["nosuch"], ["--nosuch"], [],
    ["trace"], ["trace", "--nosuch"], ["trace", "t", "--by"], ["trace", "t", "--by", "colour"], ["trace", "t", "extra"], ["trace", "--from"],
    ["trace", "t", "--summary", "--by", "phase"], ["trace", "t", "--folded", "--json"], ["whatif"], ["whatif", "--nosuch"],
    ["whatif", "t", "--local", "x"], ["whatif", "t", "--policy", "nosuch"], ["whatif", "t", "--latency", "5"], ["whatif", "t", "--jobs", "0"],
    ["whatif", "t", "--prefetch", "nosuch"], ["whatif", "t", "--preset", "nosuch"], ["whatif", "t", "--json", "--extrapolate"],
    ["sweep"], ["sweep", "--nosuch"], ["sweep", "/no/such"], ["sweep", "a", "b"], ["report"], ["report", "--nosuch"], ["top"], ["top", "--nosuch"],
    ["top", "extra"], ["top", "--interval", "x"], ["module"], ["module", "nosuch"], ["module", "load", "--nosuch"], ["prefetchers", "--nosuch"],
    ["status", "--follow", "--interval", "x"],
]
RECORD = [["record"], ["record", "--nosuch", "--", "true"], ["record", "-o"], ["record", "--sample", "x", "-o", "t", "--", "true"],
          ["record", "--stacks", "x", "-o", "t", "--", "true"]]


def one_line(run, what):
    errors = [line for line in run.err.splitlines() if line.startswith("dime: error: ")]
    dime_test.equal(len(errors), 1, f"{what}: lines with an error in {run.err!r}")
    dime_test.check(len(run.err) < 4000, f"{what}: {len(run.err)} characters of error")
    dime_test.check(all(c == "\n" or ord(c) >= 32 for c in run.err), f"{what}: control characters in {run.err!r}")


def refused(words, status, what=None):
    run = dime_test.dime(*words)
    what = what or f"dime {words}"
    dime_test.equal(run.status, status, f"status of {what} ({run.err[:500]})")
    dime_test.check(run.seconds < 20, f"{what} took {run.seconds} s")
    one_line(run, what)
    return run


def test():
    for words in USAGE:
        refused(words, 2)
    for words in RECORD:
        refused(words, 125)
    fifo = dime_test.scratch / "fifo"
    os.mkfifo(fifo)
    marker = dime_test.scratch / "started"
    program = ["--", "touch", marker]
    for path in ("/dev/zero", fifo, dime_test.scratch):
        for options in (["--config", path], ["--jitter", f"table:{path}"], ["--fetch-times", path]):
            run = refused(["run", *options, *program], 125)
            dime_test.check("not a regular file" in run.err, f"{options}: {run.err}")
        run = dime_test.dime("sweep", path)
        dime_test.check(run.status == 2 and "not a regular file" in run.err, f"sweep {path}: {run.status} {run.err}")
    large = dime_test.scratch / "large"
    with large.open("wb") as file:
        file.truncate(64 << 20)
    for options in (["--config", large], ["--jitter", f"table:{large}"], ["--fetch-times", large]):
        dime_test.check("longer than" in refused(["run", *options, *program], 125).err, f"{options}")
    for value in ("5\x1b[31mus", "5\nus", "x" * 100_000, "\u009b31m"):
        refused(["run", "--latency", value, *program], 125)
        refused(["config", "instance_id=0 latency_ns=" + value], 2)
    refused(["run", "--json", "--allow-floor", *program], 125)
    refused(["run", "--one-way=2", *program], 125)
    refused(["run", "--policy", "--json", "x", *program], 125)
    dime_test.check(not marker.exists(), "a program was started")
    dime_test.check(not list(dime_test.scratch.glob("--*")), "a file has the name of an option")


if __name__ == "__main__":
    dime_test.main(test)
