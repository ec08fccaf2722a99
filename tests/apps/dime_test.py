# SPDX-License-Identifier: GPL-2.0
"""What the tests of real programs share.

A test file ends in `dime_test.main(test)`; test() returns on success, and raises through check(), equal() or skip(). The test ends with
status 0, 1 (a reason on standard error) or 77 (not possible here, with the reason). Every test has a scratch folder and a runtime
folder of its own (DIME_RUNTIME_DIR), a watchdog, and at its end must have left no process and no instance.
"""
import atexit
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import watchdog

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import machine  # noqa: E402

SKIPPED = 77
PAGE = 4096
BUILD = Path(os.environ.get("DIME_BUILD", Path(__file__).resolve().parents[2] / "build"))
DIME = BUILD / "bin" / "dime"
PROGRAMS = Path(os.environ.get("DIME_PROGRAMS", BUILD / "tests" / "apps" / "programs"))
WORKLOADS = BUILD / "bench" / "workloads"
UNDELAYED = ("--latency", "0ns", "--bandwidth", "unlimited", "--allow-floor")
FAULT_PATH = os.environ.get("DIME_FAULT_PATH", "")
MECHANISM = os.environ.get("DIME_MECHANISM", "")
SECONDS = float(os.environ.get("DIME_TEST_SECONDS", "240"))

scratch = Path(tempfile.mkdtemp(prefix="dime-test-"))
runtime = Path(tempfile.mkdtemp(prefix="dime-test-", dir="/dev/shm"))
os.environ["DIME_RUNTIME_DIR"] = str(runtime)
# What dime keeps of this machine: nothing of one test in another.
os.environ["XDG_CACHE_HOME"] = str(scratch / "cache")
os.environ["LC_ALL"] = "C"


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def check(condition, message):
    if not condition:
        raise Failure(message)


def scaled(words):
    """The words with each "~N" as N, or less on a slow machine: an amount of work."""
    return [str(machine.work(int(word[1:]))) if str(word).startswith("~") else word for word in words]


def equal(actual, expected, what):
    check(actual == expected, f"{what}: got {str(actual)[:300]!r}, expected {str(expected)[:300]!r}")


def skip(reason):
    raise Skip(reason)


def requires(*programs):
    for program in programs:
        if not shutil.which(program):
            skip(f"{program} is not installed")


def requires_emulation():
    """Skips unless this process may create a userfaultfd that serves kernel faults and can move pages (Linux 6.8)."""
    uffd_nr, uffdio_api, feature_move = 323, 0xC018AA3F, 1 << 16
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(uffd_nr, os.O_CLOEXEC)
    if fd < 0:
        try:
            device = os.open("/dev/userfaultfd", os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            skip(f"userfaultfd is not permitted here: {error}")
        fd = libc.ioctl(device, 0xAA00, os.O_CLOEXEC)
        os.close(device)
    check(fd >= 0, "/dev/userfaultfd opened but gave no descriptor")
    api = (ctypes.c_uint64 * 3)(0xAA, 0, 0)
    status = libc.ioctl(fd, ctypes.c_ulong(uffdio_api), api)
    os.close(fd)
    if status != 0 or not api[1] & feature_move:
        skip("this kernel has no UFFDIO_MOVE (Linux 6.8)")


class Run:
    """A finished program: status as a shell shows it, out (bytes), err (text), result (parsed --json or None), seconds."""

    def __init__(self, status, out, err, result, seconds):
        self.status = status
        self.out = out
        self.err = err
        self.result = result
        self.seconds = seconds


def prepared(command):
    """The command with its amounts of work scaled, and the fault path that this run of the test is for, where that makes a difference."""
    words = [str(word) for word in scaled(command)]
    if FAULT_PATH and words[0] == str(DIME) and words[1:2] in (["run"], ["attach"]) and "--fault-path" not in words:
        words[2:2] = ["--fault-path", FAULT_PATH]
    if MECHANISM and words[0] == str(DIME) and words[1:2] == ["run"] and "--mechanism" not in words:
        words[2:2] = ["--mechanism", MECHANISM]
    return words


class Started:
    """A running program whose outputs go to files, so that a child that keeps them open blocks nobody."""

    count = 0

    def __init__(self, command, stdin=None, env=None, cwd=None, result=None, **options):
        Started.count += 1
        self.name = f"{Started.count}-{Path(str(command[0])).name}"
        self.out_path = scratch / f"{self.name}.out"
        self.err_path = scratch / f"{self.name}.err"
        self.result_path = result
        self.began = time.monotonic()
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.process = subprocess.Popen(prepared(command), stdin=stdin or subprocess.DEVNULL, stdout=out,
                                            stderr=err, env=env, cwd=cwd or scratch, **options)
        self.pid = self.process.pid

    def wait(self):
        code = self.process.wait()
        seconds = time.monotonic() - self.began
        result = None
        if self.result_path and self.result_path.exists():
            result = json.loads(self.result_path.read_text())
        return Run(128 - code if code < 0 else code, self.out_path.read_bytes(),
                   self.err_path.read_text(errors="replace"), result, seconds)


def start(command, **options):
    return Started(command, **options)


def native(command, **options):
    return Started(command, **options).wait()


def dime(*words, **options):
    """Runs a `dime` command to its end."""
    return Started([DIME, *words], **options).wait()


def start_emulated(command, local="25%", options=UNDELAYED, **more):
    """Starts `command` under `dime run` with --json."""
    result = scratch / f"result-{Started.count}.json"
    return Started([DIME, "run", "--local", local, *options, "--json", result, "--", *command], result=result, **more)


def emulated(command, local="25%", options=UNDELAYED, **more):
    run = start_emulated(command, local, options, **more).wait()
    check(run.status != 125, f"dime run could not emulate: {run.err}")
    return run


def same(native_run, emulated_run):
    """The program computed the same under emulation, and the result is sound."""
    check(emulated_run.status == native_run.status,
          f"status {emulated_run.status} instead of {native_run.status}; standard error:\n{emulated_run.err[-3000:]}")
    if emulated_run.out != native_run.out:
        keep = Path(tempfile.mkdtemp(prefix="dime-test-different-"))
        (keep / "native").write_bytes(native_run.out)
        (keep / "emulated").write_bytes(emulated_run.out)
        raise Failure(f"outputs differ: {keep}; standard error:\n{emulated_run.err[-3000:]}")
    check(emulated_run.result is not None, "no result file")
    equal(emulated_run.result["exit_status"], native_run.status, "exit_status in the result")


def wait_until(condition, what, seconds=30):
    """Waits for what takes less than `seconds` on a fast machine."""
    seconds = machine.patience(seconds)
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, f"waited {seconds:.0f} s for {what}")
        time.sleep(0.02)


def instances():
    """Control blocks in the test's runtime folder."""
    return sorted(path.name for path in runtime.rglob("dime-*-*") if "-link-" not in path.name and "-sites-" not in path.name)


def left_over():
    watchdog.reap()
    return [pid for pid in watchdog.descendants() if watchdog.alive(pid)]


def remove_folders():
    shutil.rmtree(scratch, ignore_errors=True)
    shutil.rmtree(runtime, ignore_errors=True)


def verdict(test):
    try:
        requires_emulation()
        test(*scaled(sys.argv[1:]))
        wait_until(lambda: not left_over(), "the last process to end", seconds=10)
        equal(instances(), [], "instances left")
        return 0
    except Skip as reason:
        print(f"SKIPPED: {reason}", file=sys.stderr)
        return SKIPPED
    except Failure as reason:
        print(f"FAILED: {reason}", file=sys.stderr)
    except Exception:
        traceback.print_exc()
    for pid in left_over():
        watchdog.show_process(pid, sys.stderr)
    return 1


def main(test):
    """Runs test(*arguments) and ends the process."""
    atexit.register(remove_folders)
    watchdog.start(machine.patience(SECONDS), lambda: sorted(scratch.glob("*.err")), remove_folders)
    status = verdict(test)
    watchdog.kill_tree()
    sys.exit(status)
