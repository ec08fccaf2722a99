# SPDX-License-Identifier: GPL-2.0
"""The program killed -9 in the middle: status 137, a summary, a result, and no stale instance; also with a child left behind."""
import os
import signal
import sys

import dime_test
import watchdog

CHILD_LIVES = """
import os, sys, time
block = bytearray(4 << 20)
if os.fork() == 0:
    time.sleep(1)
    print("child", sum(block[::4096]), flush=True)
    sys.exit(0)
print("ready", flush=True)
time.sleep(100)
"""


def killed(command):
    started = dime_test.start_emulated(command)
    dime_test.wait_until(lambda: b"ready" in started.out_path.read_bytes(), "the program")
    os.kill(watchdog.children(started.pid)[0], signal.SIGKILL)
    run = started.wait()
    dime_test.equal(run.status, 137, f"status ({run.err})")
    dime_test.equal(run.result["exit_status"], 137, "exit_status in the result")
    return run


def test():
    killed([sys.executable, "-c", "import time; block = bytearray(8 << 20); print('ready', flush=True); time.sleep(100)"])
    dime_test.equal(dime_test.instances(), [], "instances")
    killed([sys.executable, "-c", CHILD_LIVES])
    dime_test.wait_until(lambda: not dime_test.left_over(), "the child to end")
    dime_test.dime("status")
    dime_test.equal(dime_test.instances(), [], "instances after the child's end")


if __name__ == "__main__":
    dime_test.main(test)
