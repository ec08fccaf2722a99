# SPDX-License-Identifier: GPL-2.0
"""Members that end at the same time, after dime run has ended: the last takes the instance with it, and no command has to."""
import os

import dime_test

ROUNDS = 15
CHILDREN = 6


def test(*how):
    fifo = dime_test.scratch / "fifo"
    os.mkfifo(fifo)
    for number in range(ROUNDS):
        run = dime_test.start_emulated([dime_test.PROGRAMS / "last_members", fifo, CHILDREN, *how], "100p")
        writer = os.open(fifo, os.O_WRONLY)
        dime_test.equal(run.wait().status, 0, "status")
        dime_test.equal(dime_test.instances(), [f"dime-{os.geteuid()}-0"], f"instances while the children live, round {number}")
        os.close(writer)
        dime_test.wait_until(lambda: not dime_test.left_over(), "the children to end")
        dime_test.equal(dime_test.instances(), [], f"instances after round {number}")


if __name__ == "__main__":
    dime_test.main(test)
