# SPDX-License-Identifier: GPL-2.0
"""Ends a test that hangs, and shows where it hung.

A timer thread fires before ctest's own limit, which is far above. Its limit is for a machine that the test has for itself: a second in
which more threads want to run than there are processors, or a hypervisor gives them to others, counts for less. It prints what /proc says about every process that descends from the test (that
never blocks), then stacks from gdb where no other tracer holds the process (gdb gets 20 s: it hangs on a process whose
handler thread is stopped), kills the tree and ends the test with status 1. Orphans count as descendants: the test process is a
child subreaper.
"""
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def read(path):
    try:
        return Path(path).read_text(errors="replace")
    except OSError as error:
        return f"({error.strerror})"


def children(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in read(task).split() if child.isdigit()]
    return found


def descendants(pid=None):
    """All processes below `pid` (default: this one), parents first."""
    found = []
    todo = children(pid or os.getpid())
    while todo:
        child = todo.pop(0)
        found.append(child)
        todo += children(child)
    return found


def alive(pid):
    """Whether any thread of the process lives: the first may have ended, or been killed, before the others."""
    status = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    return len(status) > 17 and (status[0] not in "ZX" or int(status[17]) > 1)


def show_process(pid, out):
    command = read(f"/proc/{pid}/cmdline").replace("\0", " ")[:200]
    print(f"--- process {pid}: {command}", file=out)
    wanted = ("State", "PPid", "TracerPid", "Threads", "SigQ", "SigPnd", "ShdPnd", "SigBlk", "SigCgt")
    status = [line for line in read(f"/proc/{pid}/status").splitlines() if line.startswith(wanted)]
    print("    " + "; ".join(" ".join(line.split()) for line in status), file=out)
    for task in sorted(Path(f"/proc/{pid}/task").glob("*")):
        state = read(task / "stat").rpartition(")")[2].split()[:1]
        name, where, call = (read(task / part).strip() for part in ("comm", "wchan", "syscall"))
        print(f"    thread {task.name} {name} {state} wchan={where} syscall={call}", file=out)
        stack = read(task / "stack").strip()
        if stack and not stack.startswith("("):
            print("      " + stack.replace("\n", "\n      "), file=out)


def show_stacks(pid, out):
    if "TracerPid:\t0" not in read(f"/proc/{pid}/status"):
        return
    command = ["gdb", "-p", str(pid), "-batch", "-ex", "set pagination off", "-ex", "thread apply all backtrace 25"]
    try:
        shown = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                               timeout=20, check=False).stdout
        print(shown.decode(errors="replace")[-6000:], file=out)
    except (OSError, subprocess.TimeoutExpired) as error:
        print(f"    no stacks: {error}", file=out)


def kill_tree():
    """Kills every descendant and reaps what is ours."""
    for pid in reversed(descendants()):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    reap()


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def share():
    """Which part of what it could use this machine gives a thread just now, by the load and by what a hypervisor takes."""
    load = float(read("/proc/loadavg").split()[0])
    return min(1.0, (os.cpu_count() or 1) / max(load, 1e-3))


def stolen():
    """Seconds that a hypervisor has taken, of all processors, since the start."""
    return int(read("/proc/stat").split("\n", 1)[0].split()[8]) / os.sysconf("SC_CLK_TCK")


def watch(seconds, fire_now):
    spent = 0.0
    before, taken = time.monotonic(), stolen()
    while spent < seconds:
        time.sleep(min(1.0, seconds / 10))
        now, taken_now = time.monotonic(), stolen()
        passed = now - before
        lost = min(0.9, (taken_now - taken) / passed / (os.cpu_count() or 1))
        spent += passed * share() * (1 - lost)
        before, taken = now, taken_now
    fire_now()


def fire(seconds, files, clean_up):
    print(f"WATCHDOG: nothing after {seconds:.0f} s; the process tree:", file=sys.stderr)
    tree = descendants()
    for pid in tree:
        show_process(pid, sys.stderr)
    for pid in tree:
        print(f"--- stacks of {pid}", file=sys.stderr)
        show_stacks(pid, sys.stderr)
    for path in files():
        print(f"--- end of {path}\n{read(path)[-2000:]}", file=sys.stderr)
    sys.stderr.flush()
    kill_tree()
    clean_up()
    os._exit(1)


def adopt_orphans():
    """Makes processes whose parents end descendants of this one."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def start(seconds, files, clean_up):
    """Fires after `seconds` unless the test ends before. `files()` names outputs worth showing then; clean_up() comes last."""
    adopt_orphans()
    threading.Thread(target=watch, args=(seconds, lambda: fire(seconds, files, clean_up)), daemon=True).start()
