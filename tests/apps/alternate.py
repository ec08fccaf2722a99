# SPDX-License-Identifier: GPL-2.0
"""A ring of pages with a smaller limit: under FIFO every access is a remote one, and one that fits has none."""
import dime_test


def test():
    for limit, ring in ((16, 64), (100, 128), (1000, 1100)):
        rounds = max(5, dime_test.machine.work(20_000) // ring)
        run = dime_test.emulated([dime_test.PROGRAMS / "alternate", ring, rounds], f"{limit}p")
        dime_test.equal(run.status, 0, f"status ({run.err[-500:]})")
        remote = run.result["faults"]["remote"]
        expected = ring * (rounds - 1)
        print(f"{limit} local, ring of {ring}: {remote} remote accesses, expected {expected}")
        dime_test.check(expected - 64 <= remote, f"{remote} remote accesses, expected at least {expected}")
        dime_test.check(remote <= expected * 2, f"{remote} remote accesses, expected about {expected}")
    run = dime_test.emulated([dime_test.PROGRAMS / "alternate", 100, 200], "1000p")
    dime_test.check(run.result["faults"]["remote"] <= 8, f"{run.result['faults']['remote']} remote accesses although all pages fit")


if __name__ == "__main__":
    dime_test.main(test)
