# SPDX-License-Identifier: GPL-2.0
"""Clean and dirty evictions, counted exactly: dirty is what differs from what was evicted before, and only that is written back.

clean_pages says what it does with its pages. Where writing back costs nothing, nobody looks, and the result says so.
"""
import dime_test

PAGES, WRITTEN, LOCAL = 600, 150, 100
PROGRAM = [dime_test.PROGRAMS / "clean_pages", PAGES, WRITTEN]
PLACES = ("--place", "name=table: far", "--place", "name=zeros: void", "--place", "all: local")


def emulated(*options, bandwidth=""):
    tiers = [word for name in ("far", "void") for word in ("--tier", f"{name}: latency=0ns,local={LOCAL}p{bandwidth}")]
    run = dime_test.emulated(PROGRAM, "100p", (*dime_test.UNDELAYED, *options, *tiers, *PLACES))
    dime_test.equal(run.status, 0, f"status ({run.err[-800:]})")
    dime_test.equal(sum(process["evictions"] for process in run.result["processes"]), run.result["evictions"]["total"], "evictions of the processes")
    return run, {tier["name"]: tier for tier in run.result["tiers"]}


def told():
    run, tiers = emulated(bandwidth=",bandwidth=400Gbit/s")
    far, void = tiers["far"], tiers["void"]
    dime_test.equal((far["faults"]["first_touch"], far["faults"]["remote"]), (PAGES, 4 * PAGES), "faults of the table")
    # The pages of the last pass that are still local have not been evicted.
    dirty = PAGES + WRITTEN
    dime_test.equal(far["evictions"], {"total": 5 * PAGES - LOCAL, "clean": 5 * PAGES - LOCAL - dirty, "dirty": dirty, "refused": 0},
                    "evictions of the table")
    dime_test.equal(far["link"]["bytes_tx"], dirty * dime_test.PAGE, "bytes written back")
    dime_test.equal(void["evictions"], {"total": 2 * PAGES - LOCAL, "clean": 2 * PAGES - LOCAL, "dirty": 0, "refused": 0}, "evictions of zeros")
    dime_test.equal(void["link"]["bytes_tx"], 0, "zeros written back")
    dime_test.check(" clean, " in run.err, f"summary: {run.err}")


def not_told(*options, **more):
    run, tiers = emulated(*options, **more)
    dime_test.equal(tiers["far"]["evictions"], {"total": 5 * PAGES - LOCAL, "clean": None, "dirty": None, "refused": 0}, "evictions, not told apart")
    dime_test.check("not told apart" in run.err, f"summary: {run.err}")


def test():
    told()
    not_told()
    not_told("--no-writeback", bandwidth=",bandwidth=400Gbit/s")


if __name__ == "__main__":
    dime_test.main(test)
