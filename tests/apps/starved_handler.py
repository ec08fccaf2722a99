# SPDX-License-Identifier: GPL-2.0
"""Beside other work: the agent's thread of the thread path keeps its share of the CPUs, a killed program ends as soon as it does natively,
and a fault takes a few round trips between two processes, as they take in the same minute.
"""
import os
import signal
import subprocess
import time
from contextlib import contextmanager

import dime_test
import watchdog

ENDLESS = [dime_test.PROGRAMS / "verify_pages", 2, 300, 100_000_000]
ROUNDS = 5


@contextmanager
def load():
    """Two loops for each CPU."""
    loops = [subprocess.Popen(["nice", "-n", "10", "sh", "-c", "while :; do :; done"]) for _ in range(2 * os.cpu_count())]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def policies(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            found.append(os.sched_getscheduler(int(task)))
        except ProcessLookupError:
            pass
    return found


def program_of(run):
    """The program once its threads run. `dime` has other children before, to calibrate, which may end at any moment."""
    for pid in watchdog.children(run.pid):
        try:
            if os.path.basename(os.readlink(f"/proc/{pid}/exe")) == ENDLESS[0].name and len(os.listdir(f"/proc/{pid}/task")) > 2:
                return pid
        except OSError:
            pass
    return None


def started(*before):
    run = dime_test.start([*before, dime_test.DIME, "run", "--local", "64p", *dime_test.UNDELAYED, "--", *ENDLESS])
    dime_test.wait_until(lambda: program_of(run), "the program's threads", 60)
    time.sleep(1)  # of faults
    return run, program_of(run)


def kill(process, pid):
    begin = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    process.wait()
    return time.monotonic() - begin


def keeps_its_share():
    run, pid = started()
    with load():
        dime_test.wait_until(lambda: os.SCHED_IDLE not in policies(pid), "the agent's thread to leave SCHED_IDLE", 20)
        for _ in range(20):
            time.sleep(0.1)
            dime_test.check(os.SCHED_IDLE not in policies(pid), "the agent's thread is under SCHED_IDLE beside other work")
        kill(run.process, pid)
    run.wait()


def killed_programs_end():
    emulated, native = [], []
    for _ in range(ROUNDS):
        run, pid = started()
        with load():
            time.sleep(0.5)
            emulated.append(kill(run.process, pid))
            run.wait()
            twin = subprocess.Popen(list(map(str, ENDLESS)))
            time.sleep(0.5)
            native.append(kill(twin, twin.pid))
    print(f"seconds to the end after SIGKILL: {emulated}, natively {native}")
    allowed = dime_test.machine.patience(0.5) + 10 * max(native)
    dime_test.check(sorted(emulated)[ROUNDS // 2] < allowed, f"a killed program took {emulated} s to end; allowed: {allowed}")


def never_without_return():
    """Who may not leave SCHED_IDLE again does not go there, however idle the machine is."""
    dime_test.requires("setpriv")
    drop = ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice", "--"]
    if os.geteuid() != 0 or subprocess.run([*drop, "true"], check=False).returncode:
        print("capabilities cannot be dropped here")
        return
    run, pid = started(*drop)
    for _ in range(20):
        time.sleep(0.05)
        dime_test.check(os.SCHED_IDLE not in policies(pid), "the agent's thread is under SCHED_IDLE for good")
    kill(run.process, pid)
    run.wait()


def round_trip():
    there, back = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(there[1])
        while os.read(there[0], 1):
            os.write(back[1], b"x")
        os._exit(0)
    os.close(there[0])
    count, begin = 0, time.monotonic()
    while time.monotonic() - begin < 1:
        os.write(there[1], b"x")
        os.read(back[0], 1)
        count += 1
    took = time.monotonic() - begin
    for end in (there[1], *back):
        os.close(end)
    os.waitpid(child, 0)
    return took / count


def faults_are_served():
    """A program that starts with little local memory: slow, but by its faults alone."""
    with load():
        before = round_trip()
        run = dime_test.emulated(["/usr/bin/python3", "-S", "-c", "pass"], "150p")
        trip = max(before, round_trip())
    faults = sum(run.result["faults"][kind] for kind in ("remote", "first_touch", "joined"))
    each = run.result["wall_s"] / faults
    print(f"{faults} faults, {each * 1e6:.0f} us each; a round trip took {trip * 1e6:.0f} us")
    dime_test.check(each < 10 * trip + dime_test.machine.patience(100e-6), f"a fault took {each} s, a round trip {trip} s")


def test():
    keeps_its_share()
    killed_programs_end()
    never_without_return()
    faults_are_served()


if __name__ == "__main__":
    dime_test.main(test)
