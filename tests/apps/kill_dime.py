# SPDX-License-Identifier: GPL-2.0
"""kill_dime.py LOCAL: dime run killed -9 in the middle: the program ends correctly with the right output, and leaves no instance."""
import signal

import dime_test
import watchdog


def test(local):
    command = [dime_test.PROGRAMS / "verify_pages", 2, 1500, 12]
    expected = dime_test.native(command)
    started = dime_test.start_emulated(command, local)
    dime_test.wait_until(dime_test.instances, "the instance")
    dime_test.wait_until(lambda: len(watchdog.descendants(started.pid)) > 0, "the program")
    (program, *_) = watchdog.descendants(started.pid)
    started.process.send_signal(signal.SIGKILL)
    dime_test.equal(started.wait().status, 128 + signal.SIGKILL, "status of dime")
    dime_test.check(watchdog.alive(program), "the program had ended before dime was killed: nothing was tested")
    dime_test.wait_until(lambda: not dime_test.left_over(), "the program to end", seconds=100)
    dime_test.equal(started.out_path.read_bytes(), expected.out, f"output ({started.err_path.read_text()})")
    status = dime_test.dime("status")
    dime_test.equal(status.status, 0, f"status of dime status ({status.err})")
    dime_test.equal(dime_test.instances(), [], "instances after dime status")


if __name__ == "__main__":
    dime_test.main(test)
