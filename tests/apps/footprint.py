# SPDX-License-Identifier: GPL-2.0
"""What others see of an emulated process: its arguments and environment, its own memory by /proc/self/mem, the size of a core dump; and
that the result says where page counts are samples.

On the thread path /proc/self/mem cannot be read where pages are remote (docs/limits.md): EIO, and never other bytes.
"""
import resource
from pathlib import Path

import dime_test

PROGRAM = r"""
import ctypes, os, sys
data = bytearray(os.urandom(1) * 200000)
address = ctypes.addressof(ctypes.c_char.from_buffer(data))
others = [bytearray(b"x" * 5000) for _ in range(1500)]
for _ in range(2):
    for other in others:
        other[100] = 1
here = os.environ["PATH"] in open("/proc/self/environ").read()
print(open("/proc/self/cmdline", "rb").read()[-12:], here, len(open("/proc/self/environ", "rb").read()) > 100)
copy = ctypes.create_string_buffer(len(data))
vectors = [(ctypes.c_size_t * 2)(at, len(data)) for at in (ctypes.addressof(copy), address)]
libc = ctypes.CDLL(None, use_errno=True)
got = libc.process_vm_readv(os.getpid(), vectors[0], ctypes.c_ulong(1), vectors[1], ctypes.c_ulong(1), ctypes.c_ulong(0))
print("process_vm_readv", got, copy.raw == bytes(data))
if os.environ.get("DIME_FAULT_PATH") == "thread":
    for other in others:
        other[100] = 3
    memory = os.open("/proc/self/mem", os.O_RDWR)
    for at in range(0, len(data), 4096):
        try:
            read = os.pread(memory, min(4096 - (address + at) % 4096, len(data) - at), address + at)
            right = read == bytes(data[at:at + len(read)])
        except OSError as error:
            right = error.errno == 5
        if not right:
            print("other bytes at", at)
if os.environ.get("DIME_FAULT_PATH") == "inline":
    memory = os.open("/proc/self/mem", os.O_RDWR)
    skipped = -address % 4096
    read = b"".join(os.pread(memory, 4096, address + skipped + at) for at in range(0, 192512, 4096))
    print(read == bytes(data[skipped:skipped + 192512]))
    for other in others:
        other[100] = 2
    print(os.pwrite(memory, b"written", address + 100000), data[100000:100007])
"""


# A child whose memory has gone remote is read by its parent: four pages beside each other.
OTHERS = r"""
import ctypes, os, time
data = bytearray(os.urandom(1) * 16384)
ends = os.pipe()
child = os.fork()
if child == 0:
    data[:] = b"child's " * 2048
    others = [bytearray(b"x" * 5000) for _ in range(1500)]
    os.write(ends[1], b"r")
    time.sleep(600)
os.read(ends[0], 1)
copy = ctypes.create_string_buffer(len(data))
address = ctypes.addressof(ctypes.c_char.from_buffer(data))
vectors = [(ctypes.c_size_t * 2)(at, len(data)) for at in (ctypes.addressof(copy), address)]
libc = ctypes.CDLL(None, use_errno=True)
got = libc.process_vm_readv(child, vectors[0], ctypes.c_ulong(1), vectors[1], ctypes.c_ulong(1), ctypes.c_ulong(0))
right = got == -1 and ctypes.get_errno() == 14 or got >= 0 and copy.raw[:got] == bytes(b"child's " * 2048)[:got]
os.kill(child, 9)
os.wait()
print("right" if right else (got, ctypes.get_errno(), copy.raw[:64]), "whole" if got == len(data) else "not whole")
"""


def others_memory():
    """What another process reads is right or refused; where it is refused, the run says what reads it."""
    run = dime_test.emulated(["/usr/bin/python3", "-c", OTHERS], "300p")
    whole = b"right whole\n"
    if dime_test.FAULT_PATH == "thread":
        dime_test.equal(run.out, whole, f"memory of a child ({run.err})")
        return
    dime_test.equal(run.out.split()[:1], [b"right"], f"memory of a child ({run.err})")
    if run.out != whole:
        dime_test.check("--fault-path thread" in run.result["last_problem"], f"not said: {run.err}")


def core_dump():
    if Path("/proc/sys/kernel/core_pattern").read_text(encoding="ascii").strip() != "core":
        print("core dumps do not go to a file here")
        return
    folder = dime_test.scratch / "core"
    folder.mkdir()
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    run = dime_test.emulated(["/bin/sh", "-c", "kill -ABRT $$"], "64p", cwd=folder,
                             preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (most, most)))
    dime_test.equal(run.status, 134, "status of a program that aborts")
    sizes = [file.stat().st_size for file in folder.iterdir() if file.name.startswith("core")]
    print(f"core dumps: {sizes}")
    dime_test.check(sum(sizes) < 256 << 20, f"core dumps of {sizes} bytes: the agent's memory is in them")


def test():
    command = ["/usr/bin/python3", "-c", PROGRAM, "marker-", "1"]
    expected = dime_test.native(command)
    dime_test.equal(expected.status, 0, f"native status ({expected.err})")
    run = dime_test.emulated(command, "300p")
    dime_test.same(expected, run)
    dime_test.check(run.result["faults"]["remote"] > 1000, "little was remote")
    dime_test.check(run.result["pages"]["sampled"] is False, "counts are said to be samples")
    run = dime_test.emulated(["/bin/true"], "100%")
    dime_test.check(run.result["pages"]["sampled"] is True, "counts are not said to be samples")
    others_memory()
    core_dump()


if __name__ == "__main__":
    dime_test.main(test)
