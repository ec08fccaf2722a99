# SPDX-License-Identifier: GPL-2.0
"""sort.py LOCAL THREADS: GNU sort orders 400,000 numbers, or fewer on a slow machine, as it does natively."""
import random

import dime_test
from limits import check_limit


def test(local, threads):
    numbers = dime_test.scratch / "numbers.txt"
    generator = random.Random(7)
    numbers.write_text("".join(f"{generator.randrange(10**9)}\n" for _ in range(dime_test.machine.work(400_000))))
    command = ["sort", "-n", f"--parallel={threads}", "-S", "64M", numbers]
    expected = dime_test.native(command)
    run = dime_test.emulated(command, local)
    dime_test.same(expected, run)
    check_limit(local, run)
    remote = run.result["faults"]["remote"]
    print(f"native {expected.seconds:.2f} s, emulated {run.seconds:.2f} s, {remote} remote accesses")
    if local != "100%":
        dime_test.check(remote > 0, "no remote access: nothing was emulated")


if __name__ == "__main__":
    dime_test.main(test)
