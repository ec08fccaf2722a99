# SPDX-License-Identifier: GPL-2.0
"""attach_calls.py TIMES: attaching and detaching interrupts no system call of the program and changes no register."""
import dime_test


def test(times):
    stop, progress = dime_test.scratch / "stop", dime_test.scratch / "progress"
    program = dime_test.start([dime_test.PROGRAMS / "interrupted_calls", stop, progress])
    dime_test.wait_until(progress.exists, "the program")
    for number in range(int(times)):
        attached = dime_test.dime("attach", "-p", program.pid, "--local", "25%", *dime_test.UNDELAYED)
        dime_test.equal(attached.status, 0, f"status of attach {number} ({attached.err}); {program.out_path.read_text()}")
        detached = dime_test.dime("detach", "-p", program.pid)
        dime_test.equal(detached.status, 0, f"status of detach {number} ({detached.err}); {program.out_path.read_text()}")
    stop.touch()
    run = program.wait()
    dime_test.equal((run.status, run.out), (0, b"no wait was interrupted\n"), f"the program's end ({run.err[-1000:]})")


if __name__ == "__main__":
    dime_test.main(test)
