# SPDX-License-Identifier: GPL-2.0
"""`dime trace` makes traces from lists of pages and prints them, and refuses what is none with one line."""
import json
import os

import dime_test
from dime_test import check, dime, equal, scratch

ORDER = [1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5]


def refused(words, status, *parts):
    run = dime(*words)
    what = " ".join(map(str, words))
    equal(run.status, status, f"status of {what}")
    lines = run.err.splitlines()
    check(lines and lines[0].startswith("dime: error: ") and len(lines) <= 2, f"{what}: {run.err!r}")
    for part in parts:
        check(str(part) in lines[0], f"{what}: {part!r} is not in {lines[0]!r}")


def test():
    listed, made = scratch / "list.txt", scratch / "made.trace"
    listed.write_text("# pages\n\n" + "\n".join(map(str, ORDER)) + "\n")
    run = dime("trace", "--from", listed, "-o", made, "--step", "1us")
    equal((run.status, run.out, run.err), (0, b"", ""), "making a trace")
    text = dime("trace", made)
    equal([int(line.split()[3], 16) for line in text.out.decode().splitlines()[1:]], ORDER, "the pages as text")
    lines = [json.loads(line) for line in dime("trace", "--json", made).out.splitlines()]
    equal([line["page"] for line in lines], ORDER, "the pages as JSON lines")
    equal([line["time_ns"] for line in lines], [1000 * i for i in range(len(ORDER))], "their times")
    summary = json.loads(dime("trace", "--summary", "--json", made).out)
    equal((summary["events"], summary["pages"], summary["threads"], summary["complete"]), (12, 5, 1, True), "the summary")
    equal(sum(part["uses"] for part in summary["working_set"]), 12, "the uses in the parts of the time")
    check(b"of which 12 uses of 5 pages" in dime("trace", "--summary", made).out, "the summary as text")

    whole = made.read_bytes()
    cut = scratch / "cut.trace"
    cut.write_bytes(whole[:-4])
    run = dime("trace", cut)
    equal((run.status, run.out), (0, text.out), "a cut trace up to its last block")
    check("cut" in run.err and "12 events" in run.err, f"a cut trace is said to be cut: {run.err!r}")

    for name, content, reason in (("empty", b"", "empty"), ("text", b"1\n2\n" * 20, "not a trace"),
                                  ("newer", whole[:16] + b"\x02" + whole[17:], "version 2"),
                                  ("pages", whole[:18] + b"\x10" + whole[19:], "2^16")):
        file = scratch / name
        file.write_bytes(content)
        refused(["trace", file], 1, file, reason)
    refused(["trace", scratch / "missing"], 1, "missing")
    refused(["trace", scratch], 1, scratch)
    os.mkfifo(scratch / "fifo")
    refused(["trace", scratch / "fifo"], 1, "not a regular file")
    refused(["trace", "--from", listed, "-o", scratch / "fifo"], 2, "not a regular file")
    listed.write_text("1\n\n2 3\n")
    refused(["trace", "--from", listed, "-o", scratch / "wrong.trace"], 1, listed, "line 3", "2 3")
    check(not list(scratch.glob("wrong*")), "a refused list leaves no trace")
    refused(["trace", "--from", scratch / "missing", "-o", made], 1, "missing")
    shares = json.loads(dime("trace", made, "--by", "process", "--json").out)
    equal([(share["uses"], share["pages"], share["remote"]) for share in shares], [(12, 5, 0)], "what belongs to the one process")
    run = dime("trace", made, "--by", "phase")
    check(b"(no phases)" in run.out and "has no phases" in run.err and run.status == 0, f"--by phase without phases: {run}")
    refused(["trace", made, "--by", "colour"], 2, "--by colour", "mapping", "phase")
    refused(["trace", made, "--by", "phase", "--summary"], 2, "--by")
    refused(["trace"], 2, "--from")
    refused(["trace", "--from", listed], 2, "-o")
    refused(["trace", "--from", listed, "-o", made, "--json"], 2, "--json")
    refused(["trace", made, "--step", "1us"], 2, "--step")
    refused(["trace", "--from", listed, "-o", made, "--step", "5"], 2, "--step 5", "1ns")
    equal(made.read_bytes(), whole, "a refused command leaves the trace that was there")


if __name__ == "__main__":
    dime_test.main(test)
