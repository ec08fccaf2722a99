# SPDX-License-Identifier: GPL-2.0
"""daemonise.py LOCAL: a program that forks twice and closes every descriptor goes on working after dime run has ended."""
import dime_test


def test(local):
    answer = dime_test.scratch / "answer"
    run = dime_test.emulated([dime_test.PROGRAMS / "daemonise", answer], local)
    dime_test.equal(run.status, 0, f"status ({run.err})")
    dime_test.wait_until(answer.exists, "the daemon's answer")
    dime_test.equal(answer.read_text(), "2000 pages\n", "the daemon's answer")
    dime_test.wait_until(lambda: not dime_test.left_over(), "the daemon to end")
    dime_test.dime("status")


if __name__ == "__main__":
    dime_test.main(test)
