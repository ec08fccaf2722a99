# SPDX-License-Identifier: GPL-2.0
"""The program killed -9 in the middle: status 137, a summary, a result, and no stale instance; also with a child left behind. And a
child that could open no descriptor, killed: it leaves no member behind."""
import json
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


NO_DESCRIPTORS = """
import os, resource, signal, sys, time
block = bytearray(b"x" * (4 << 20))
resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
child = os.fork()
if child == 0:
    right = block.count(b"x") == len(block)
    while right:
        time.sleep(100)
    os._exit(1)
time.sleep(0.5)
os.kill(child, signal.SIGKILL)
print("ready", os.waitpid(child, 0)[1] == signal.SIGKILL, flush=True)
while block[0] == ord("x"):
    time.sleep(100)
"""


def child_without_descriptors():
    started = dime_test.start_emulated([sys.executable, "-c", NO_DESCRIPTORS], "64p")
    dime_test.wait_until(lambda: b"ready" in started.out_path.read_bytes(), "the program")
    dime_test.equal(started.out_path.read_bytes(), b"ready True\n", "what the program saw of its child")
    program = watchdog.children(started.pid)[0]
    status = json.loads(dime_test.dime("status", "--json").out)["instances"]
    dime_test.equal([member["pid"] for member in status[0]["members"]], [program], "members after the child's end")
    os.kill(program, signal.SIGKILL)
    dime_test.equal(started.wait().status, 137, "status")
    dime_test.equal(dime_test.instances(), [], "instances")


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
    child_without_descriptors()


if __name__ == "__main__":
    dime_test.main(test)
