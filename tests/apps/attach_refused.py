# SPDX-License-Identifier: GPL-2.0
"""`dime attach` and `dime detach` say in one line why a process cannot be attached to: what bad_pid.py does not have."""
import os
import signal
import subprocess
import sys

import dime_test
from bad_input import message

OPTIONS = ("--local", "1000p", *dime_test.UNDELAYED)
SLEEPER = "import time; print('ready', flush=True); time.sleep(100)"
THREADS = "import threading, time; threading.Thread(target=time.sleep, args=(100,)).start(); " + SLEEPER
ZOMBIE = "import os, time\npid = os.fork()\nif pid == 0: os._exit(0)\nprint(pid, 'ready', flush=True)\ntime.sleep(100)"
# prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT); only read, write, exit and sigreturn are permitted then.
STRICT = "import ctypes, os\nends = os.pipe()\nprint('ready', flush=True)\nctypes.CDLL(None).prctl(22, 1)\nos.read(ends[0], 1)"


def started(script):
    program = dime_test.start([sys.executable, "-c", script])
    dime_test.wait_until(lambda: b"ready" in program.out_path.read_bytes(), "the program")
    return program


def refused(pid, words):
    run = dime_test.dime("attach", "-p", pid, *OPTIONS)
    dime_test.check(run.status in (1, 2), f"attach -p {pid}: status {run.status} ({run.err})")
    message(run, [str(pid), *words], f"attach -p {pid}")


def end(*programs):
    for program in programs:
        os.kill(program.pid, signal.SIGKILL)
        program.wait()


def kernel_thread():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        if os.stat(f"/proc/{pid}").st_uid == os.geteuid() and not os.path.exists(f"/proc/{pid}/exe"):
            with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
                if "VmSize" not in (text := status.read()) and "State:\tZ" not in text:
                    return pid
    return None


def stopped():
    """A stopped process becomes a member and stays stopped; it leaves once it continues."""
    program = started(SLEEPER)
    os.kill(program.pid, signal.SIGSTOP)
    run = dime_test.dime("attach", "-p", program.pid, *OPTIONS)
    dime_test.equal(run.status, 0, f"status of attach to a stopped process ({run.err})")
    with open(f"/proc/{program.pid}/status", encoding="ascii") as status:
        dime_test.check("State:\tT" in status.read(), "the process continued by itself")
    left = dime_test.dime("detach", "-p", program.pid)
    dime_test.equal(left.status, 1, f"status of detach from a stopped process ({left.err})")
    message(left, [str(program.pid), "stopped"], "detach from a stopped process")
    os.kill(program.pid, signal.SIGCONT)
    dime_test.wait_until(lambda: dime_test.dime("status").out == b"no instances\n", "the process to leave")
    end(program)


def test():
    zombie = started(ZOMBIE)
    refused(int(zombie.out_path.read_bytes().split()[0]), ["zombie"])
    threads = started(THREADS)
    tid = max(map(int, os.listdir(f"/proc/{threads.pid}/task")))
    refused(tid, ["thread", str(threads.pid)])
    strict = started(STRICT)
    refused(strict.pid, ["seccomp"])
    end(zombie, threads, strict)
    if (pid := kernel_thread()) is not None:
        refused(pid, ["kernel thread"])

    traced = started(SLEEPER)
    tracer = subprocess.Popen([sys.executable, "-c", "import ctypes, time; print(ctypes.CDLL(None).ptrace(0x4206, int("
                               f"'{traced.pid}'), None, None), flush=True); time.sleep(100)"], stdout=subprocess.PIPE)
    dime_test.equal(tracer.stdout.readline(), b"0\n", "PTRACE_SEIZE")
    refused(traced.pid, ["traced", str(tracer.pid)])
    tracer.kill()
    tracer.wait()
    end(traced)
    dime_test.equal(dime_test.instances(), [], "instances")

    program = started(SLEEPER)
    left = dime_test.dime("detach", "-p", program.pid)
    dime_test.equal(left.status, 1, f"status of detach ({left.err})")
    message(left, [str(program.pid), "no instance"], "detach of a process in no instance")
    repeated = dime_test.dime("attach", "-p", f"{program.pid},{program.pid}", *OPTIONS)
    message(repeated, [str(program.pid), "twice"], "a pid named twice")
    end(program)
    stopped()


if __name__ == "__main__":
    dime_test.main(test)
