# SPDX-License-Identifier: GPL-2.0
"""`dime run`, the program or its child is killed (SIGKILL), or all are stopped for a moment (SIGSTOP), at random moments.

Whoever is left computes the right result, and nothing is left behind: no process, no instance after `dime status`.
"""
import os
import signal
import sys
import time

from fuzz_test import dime_test, judge, main, randomly, rounds, watchdog

PROGRAM = """
import os, sys, time
def work(name):
    data = [bytearray([i % 251]) * 4096 for i in range(300)]
    end = time.monotonic() + 0.4
    while time.monotonic() < end:
        for number in range(0, 300, 7):
            page = data[number]
            if page != bytes([number % 251]) * 4096:
                os.write(1, b"WRONG\\n")
    os.write(1, name + b" right\\n")
child = os.fork()
work(b"parent" if child else b"child")
if child:
    os.waitpid(child, 0)
"""


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def test():
    program = dime_test.scratch / "work.py"
    program.write_text(PROGRAM)
    for number in rounds():
        path = randomly.choice(["inline", "thread"])
        victim = randomly.choice(["dime", "parent", "child", "stop"])
        started = dime_test.start([dime_test.DIME, "run", "--fault-path", path, "--local", "300p", *dime_test.UNDELAYED, "--", sys.executable, program])
        moment = randomly.random() * randomly.choice([0.2, 1.5])
        time.sleep(moment)
        tree = watchdog.descendants(started.pid)
        what = f"round {number}, {path}, {victim} after {moment:.3f} s"
        if victim == "stop":
            for pid in [started.pid, *tree]:
                send(pid, signal.SIGSTOP)
            time.sleep(randomly.random() * 0.1)
            for pid in [started.pid, *tree]:
                send(pid, signal.SIGCONT)
        elif victim == "dime":
            send(started.pid, signal.SIGKILL)
        elif len(tree) > (victim == "child"):
            send(tree[victim == "child"], signal.SIGKILL)
        else:
            victim = "nobody"
        run = started.wait()
        dime_test.wait_until(lambda: not dime_test.left_over(), f"the rest to end ({what})", seconds=60)
        out = started.out_path.read_bytes()
        what += f": status {run.status}, {out!r}, {started.err_path.read_text()[-1500:]}"
        judge(b"WRONG" not in out, what)
        if victim in ("stop", "nobody"):
            judge(run.status == 0 and out.count(b"right") == 2, what)
        elif victim == "dime":
            # Killed before it had started the program, or after.
            judge(run.status in (0, 137) and (out.count(b"right") == 2 or not out), what)
        elif run.status == 125:
            # The victim was no program yet, but measured the machine.
            judge(not out and "dime-probe" in what, what)
        else:
            judge(run.status in (0, 137), what)
            judge(out.count(b"right") >= 1 or run.status == 137, what)
        dime_test.dime("status")
        judge(dime_test.instances() == [], f"left: {dime_test.instances()} ({what})")


if __name__ == "__main__":
    main(test)
