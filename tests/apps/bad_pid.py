# SPDX-License-Identifier: GPL-2.0
"""`dime attach` to what cannot be attached: one line that names the pid and the reason; nothing is changed."""
import os
import struct
import sys

import dime_test
from bad_input import message

OPTIONS = ("--local", "1000p", *dime_test.UNDELAYED)
SLEEPER = [sys.executable, "-c", "import time; print('ready', flush=True); time.sleep(100)"]


def refused(pids, words):
    run = dime_test.dime("attach", "-p", pids, *OPTIONS)
    dime_test.check(run.status in (1, 2, 125), f"attach -p {pids}: status {run.status} ({run.err})")
    message(run, words, f"attach -p {pids}")


def sleeper(command=None):
    started = dime_test.start(command or SLEEPER)
    if command is None:
        dime_test.wait_until(lambda: b"ready" in started.out_path.read_bytes(), "the program")
    return started


def program_of_32_bits():
    """A hand-made ELF file of i386: pause() for ever."""
    code = bytes.fromhex("b81d000000cd80ebf7")
    header = b"\x7fELF\x01\x01\x01" + bytes(9) + struct.pack("<HHIIIIIHHHHHH", 2, 3, 1, 0x08048054, 52, 0, 0, 52, 32, 1, 0, 0, 0)
    segment = struct.pack("<IIIIIIII", 1, 0, 0x08048000, 0x08048000, 84 + len(code), 84 + len(code), 5, 4096)
    path = dime_test.scratch / "program32"
    path.write_bytes(header + segment + code)
    path.chmod(0o755)
    return path


def test():
    refused("999999999", ["999999999"])
    refused("abc", ["abc"])
    refused("-1", ["-1"])
    refused("0", ["0"])
    sleepers = [sleeper([dime_test.PROGRAMS / "static_sleeper"])]
    static = sleepers[0]
    refused(str(static.pid), [str(static.pid), "static"])
    try:
        sleepers.append(small := sleeper([program_of_32_bits()]))
    except OSError as error:
        print(f"no 32-bit programs here: {error}")
    else:
        refused(str(small.pid), [str(small.pid), "32-bit"])
    dime_test.equal(dime_test.instances(), [], "instances")

    one = sleeper()
    taken = dime_test.dime("attach", "-p", one.pid, *OPTIONS)
    dime_test.equal(taken.status, 0, f"status of attach ({taken.err})")
    refused(str(one.pid), [str(one.pid), "instance"])
    other = sleeper()
    refused(f"{other.pid},{one.pid}", [str(one.pid)])
    refused(f"{other.pid},999999999", ["999999999"])
    dime_test.equal(len(dime_test.instances()), 1, "instances: a refused list must attach none of its processes")
    second = dime_test.dime("config", f"instance_id=1 latency_ns=100000 bandwidth_bps=0 local_npages=500 pid={one.pid}")
    dime_test.check(second.status != 0, "a process was put into a second instance")
    message(second, [str(one.pid)], "config with a pid that is taken")
    for started in (*sleepers, one, other):
        os.kill(started.pid, 9)
        started.wait()
    dime_test.dime("status")


if __name__ == "__main__":
    dime_test.main(test)
