# SPDX-License-Identifier: GPL-2.0
"""Pages that are fetched because a system call will touch them: on the inline path they are counted apart, exactly, and several are fetched by
one request, which pays the latency once and the bandwidth for each page."""
import dime_test

PAGES, CALLS, LOCAL = 150, 4, 100
PIECE = 50  # pages that a call transfers at once: a quarter of the limit of 200
REQUEST = 12  # pages of one request: an eighth of their tier's limit
LATENCY = 1_000_000
PLACES = ("--tier", f"far: latency={LATENCY}ns,bandwidth=100Gbit/s,local={LOCAL}p", "--place", "name=buffer: far", "--place", "all: local")


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
        requests = CALLS * PAGES // PIECE * -(-PIECE // REQUEST)
        dime_test.equal(far["stall_ns"]["count"], requests + PAGES, "stalls: one a request")
        dime_test.equal(far["link"]["bytes_rx"], PAGES * (CALLS + 1) * dime_test.PAGE, "bytes fetched")
        dime_test.check(run.result["processes"][0]["stall_ns"] >= 0.98 * LATENCY * (requests + PAGES), f"stalls: {run.result['processes']}")
    dime_test.check(far["faults"]["remote"] >= PAGES * (CALLS + 1), f"faults of the buffer: {far['faults']}")
    counts = [run.result["faults"]["system_call"], run.result["processes"][0]["system_call"]]
    dime_test.equal(counts, [PAGES * CALLS] * 2 if inline else [None] * 2, "pages for system calls, of all and of the process")
    dime_test.equal("for system calls" in run.err, inline, f"summary: {run.err}")


if __name__ == "__main__":
    dime_test.main(test)
