# SPDX-License-Identifier: GPL-2.0
"""Several `dime run` with one --instance that start at the same time all join it."""
import dime_test


def test():
    for round_number in range(3):
        runs = [dime_test.start([dime_test.DIME, "run", "--instance", 9, "--local", "50%", *dime_test.UNDELAYED, "--", "sleep", "3"])
                for _ in range(4)]
        for run in [run.wait() for run in runs]:
            dime_test.equal(run.status, 0, f"status in round {round_number} ({run.err})")


if __name__ == "__main__":
    dime_test.main(test)
