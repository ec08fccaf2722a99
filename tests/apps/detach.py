# SPDX-License-Identifier: GPL-2.0
"""detach.py TIMES: detach a program that was started emulated while some of its pages are in flight; its pages stay right."""
import dime_test
from rounds import Rounds


def test(times):
    for _ in range(int(times)):
        program = Rounds(threads=3, local="25%", options=("--latency", "300us", "--bandwidth", "unlimited"))
        program.more(2)
        detached = dime_test.dime("detach", "-p", program.pid)
        dime_test.equal(detached.status, 0, f"status of detach ({detached.err})")
        program.more(3)
        program.finish()
        program.stop_file.unlink()
        program.progress.unlink()


if __name__ == "__main__":
    dime_test.main(test)
