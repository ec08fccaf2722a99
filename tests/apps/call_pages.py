# SPDX-License-Identifier: GPL-2.0
"""Pages that are fetched because a system call will touch them are counted apart, exactly, where it can be told: on the inline path."""
import dime_test

PAGES, CALLS, LOCAL = 150, 4, 100
PLACES = ("--tier", f"far: latency=0ns,local={LOCAL}p", "--place", "name=buffer: far", "--place", "all: local")


def test():
    sink = dime_test.scratch / "sink"
    run = dime_test.emulated([dime_test.PROGRAMS / "call_pages", PAGES, CALLS, sink], "200p", (*dime_test.UNDELAYED, *PLACES))
    dime_test.equal(run.status, 0, f"status ({run.err[-800:]})")
    dime_test.equal(sink.stat().st_size, PAGES * CALLS * dime_test.PAGE, "bytes written")
    inline = run.result["dime"]["fault_path"] == "inline"
    far = next(tier for tier in run.result["tiers"] if tier["name"] == "far")
    # Each page is touched in turn, and there is room for fewer: every touch is a remote access. The kernel may touch a page more than once.
    if inline:
        expected = {"total": PAGES * (CALLS + 2), "first_touch": PAGES, "remote": PAGES * (CALLS + 1), "joined": 0, "system_call": PAGES * CALLS}
        dime_test.equal(far["faults"], expected, "faults of the buffer")
    dime_test.check(far["faults"]["remote"] >= PAGES * (CALLS + 1), f"faults of the buffer: {far['faults']}")
    counts = [run.result["faults"]["system_call"], run.result["processes"][0]["system_call"]]
    dime_test.equal(counts, [PAGES * CALLS] * 2 if inline else [None] * 2, "pages for system calls, of all and of the process")
    dime_test.equal("for system calls" in run.err, inline, f"summary: {run.err}")


if __name__ == "__main__":
    dime_test.main(test)
