# SPDX-License-Identifier: GPL-2.0
"""What a program can see of being emulated: what the kernel tells it of itself, natively and under `dime run`, differs in what docs/limits.md
lists under "What a program sees of the agent", and in nothing else.
"""
import json
import re
from pathlib import Path

import dime_test

PROGRAM = r"""
import ctypes, json, os, resource, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
seen = {}
block = bytearray(1 << 20)
for _ in range(2):
    for at in range(0, len(block), 4096):
        block[at] = 1
def text(name):
    with open(f"/proc/self/{name}", "rb") as file:
        return file.read().decode(errors="replace")
for name in ("cmdline", "limits", "timers", "wchan", "personality", "cgroup", "oom_score_adj", "loginuid", "setgroups", "uid_map", "coredump_filter",
             "timerslack_ns", "comm"):
    seen[name] = text(name)
for line in text("status").splitlines():
    key, _, value = line.partition(":")
    seen["status." + key] = value.strip()
fields = text("stat").rpartition(")")[2].split()
for number, value in enumerate(fields, 3):
    seen[f"stat.{number}"] = value
for line in text("environ").split("\0"):
    key, _, value = line.partition("=")
    seen["environ." + key] = value
seen["environment of the C library"] = sorted(os.environ)
auxv = open("/proc/self/auxv", "rb").read()
for at in range(0, len(auxv), 16):
    key, value = (int.from_bytes(auxv[at + part:at + part + 8], "little") for part in (0, 8))
    seen[f"auxv.{key}"] = value
seen["threads"] = len(os.listdir("/proc/self/task"))
seen["descriptors"] = sorted(int(fd) for fd in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{fd}"))
seen["maps.files"] = sorted({line.split(None, 5)[5] for line in text("maps").splitlines() if len(line.split(None, 5)) > 5})
seen["smaps.VmFlags"] = sorted({flag for line in text("smaps").splitlines() if line.startswith("VmFlags") for flag in line.split()[1:]})
class Action(ctypes.Structure):
    _fields_ = [("handler", ctypes.c_void_p), ("flags", ctypes.c_ulong), ("restorer", ctypes.c_void_p), ("mask", ctypes.c_ulong)]
for number in range(1, 65):
    if number in (signal.SIGKILL, signal.SIGSTOP):
        continue
    action = Action()
    libc.syscall(13, number, None, ctypes.byref(action), 8)
    seen[f"rt_sigaction.{number}"] = [bool(action.handler) and action.handler > 1 or action.handler or 0, action.flags, action.mask]
stack = (ctypes.c_long * 3)()
libc.syscall(131, None, stack)
seen["sigaltstack"] = [stack[0] or 0, stack[1] & 0xffffffff, stack[2]]
mask = ctypes.c_ulong()
libc.syscall(14, 0, None, ctypes.byref(mask), 8)
seen["rt_sigprocmask"] = mask.value
for name in sorted(dir(resource)):
    if name.startswith("RLIMIT_"):
        seen["getrlimit." + name] = resource.getrlimit(getattr(resource, name))
for name, option in (("DUMPABLE", 3), ("KEEPCAPS", 7), ("SECCOMP", 21), ("SECUREBITS", 27), ("TIMERSLACK", 30), ("NO_NEW_PRIVS", 39), ("THP_DISABLE", 42),
                     ("IO_FLUSHER", 58)):
    seen["prctl." + name] = libc.prctl(option, 0, 0, 0, 0)
for name, option in (("PDEATHSIG", 2), ("CHILD_SUBREAPER", 37), ("UNALIGN", 5), ("TSC", 25)):
    value = ctypes.c_int(-1)
    result = libc.prctl(option, ctypes.byref(value), 0, 0, 0)
    seen["prctl." + name] = [result, value.value]
seen["scheduling"] = [os.sched_getscheduler(0), sorted(os.sched_getaffinity(0)), os.getpriority(os.PRIO_PROCESS, 0), os.sched_getparam(0).sched_priority]
seen["umask, folder, root"] = [os.umask(0o22), os.getcwd(), os.readlink("/proc/self/root")]
seen["timers of the process"] = [list(signal.getitimer(which)) for which in (0, 1, 2)]
head, size = ctypes.c_void_p(), ctypes.c_size_t()
libc.syscall(274, 0, ctypes.byref(head), ctypes.byref(size))
seen["robust list"] = [bool(head.value), size.value]
seen["children"] = open(f"/proc/self/task/{os.getpid()}/children").read()
seen["locks"] = [libc.mlock(ctypes.byref(mask), 8), libc.munlock(ctypes.byref(mask), 8)]
seen["personality"] = libc.personality(0xffffffff)
print(json.dumps(seen))
"""

# Numbers that no two runs have in common, also natively.
VARIES = re.compile(r"""status\.(Pid|Tgid|PPid|NSpid|NStgid|NSpgid|NSsid|Ngid|VmPeak|VmHWM|VmRSS|RssAnon|RssFile|RssShmem|voluntary_ctxt_switches
    |nonvoluntary_ctxt_switches|VmPTE|VmStk|VmSwap|VmExe|x86_Thread_features.*|Cpus_allowed.*|Mems_allowed.*)$
    |stat\.(3|4|5|6|7|8|9|10|11|12|13|14|15|16|17|18|22|24|26|27|28|29|30|35|36|37|38|39|40|41|42|43|44|45|46|47|48|49|50|51|52)$
    |status\.(SigQ|FDSize|VmData|VmLib)$|auxv\.(3|5|7|9|15|24|25|31|33)$|environ\._$""", re.VERBOSE)

BOTH = {
    "environ.LD_PRELOAD": "LD_PRELOAD", "environ.DIME_CONTROL": "DIME_CONTROL", "environment of the C library": "LD_PRELOAD",
    "maps.files": "/proc/PID/maps", "smaps.VmFlags": "VmFlags", "status.VmSize": "VmSize", "stat.23": "VmSize",
    "threads": "/proc/PID/task", "status.Threads": "/proc/PID/task", "stat.20": "/proc/PID/task",
}
INLINE = {
    "descriptors": "/proc/PID/fd", "status.SigCgt": "SigCgt", "stat.34": "SigCgt",
}


def documented():
    text = (Path(__file__).resolve().parents[2] / "docs" / "limits.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"^## What a program sees of the agent$(.*?)(?=^## |\Z)", text, re.DOTALL | re.MULTILINE)
    return section


def test():
    command = ["/usr/bin/python3", "-c", PROGRAM]
    native = json.loads(dime_test.native(command).out)
    run = dime_test.emulated(command, "300p")
    dime_test.equal(run.status, 0, f"status ({run.err})")
    dime_test.check(run.result["faults"]["remote"] > 100, "little was remote")
    emulated = json.loads(run.out)
    different = {key for key in native.keys() | emulated.keys() if native.get(key) != emulated.get(key) and not VARIES.match(key)}
    for key in sorted(different):
        print(f"{key}: {native.get(key)} natively, {emulated.get(key)}")
    allowed = BOTH | (INLINE if dime_test.FAULT_PATH == "inline" else {})
    dime_test.equal(sorted(different - allowed.keys()), [], "what differs and is not known to")
    section = documented()
    for key in different:
        dime_test.check(allowed[key] in section, f"{key} differs; docs/limits.md does not name {allowed[key]}")


if __name__ == "__main__":
    dime_test.main(test)
