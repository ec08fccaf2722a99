# SPDX-License-Identifier: GPL-2.0
"""A call that gets a few bytes into a large remote buffer fetches the page that it writes to, and no other (inline path)."""
import dime_test

PAGES, ROUNDS = 150, 5
CALLS = 3  # of a round
OPTIONS = (*dime_test.UNDELAYED, "--tier", "far: local=100p", "--place", "name=buffer: far", "--place", "all: local")


def test():
    run = dime_test.emulated([dime_test.PROGRAMS / "short_reads", PAGES, ROUNDS], "100%", OPTIONS)
    dime_test.equal(run.status, 0, f"status ({run.err[-800:]})")
    if run.result["dime"]["fault_path"] == "inline":
        far = next(tier for tier in run.result["tiers"] if tier["name"] == "far")
        dime_test.equal(far["faults"]["system_call"], CALLS * ROUNDS, f"pages for system calls ({far['faults']})")


if __name__ == "__main__":
    dime_test.main(test)
