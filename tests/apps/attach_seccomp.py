# SPDX-License-Identifier: GPL-2.0
"""`dime attach` to programs with seccomp filters: one that permits the agent's calls works, one that would kill the program is refused."""
import os
import sys

import dime_test
from bad_input import message

USERFAULTFD, UNUSED = 323, 1000
KILL_PROCESS = 0x80000000

# The filter: load the number of the call; if it is NUMBER, ACTION, else allow.
PROGRAM = """
import ctypes, struct, sys
number, action = map(int, sys.argv[1:])
steps = [(0x20, 0, 0, 0), (0x15, 0, 1, number), (0x06, 0, 0, action), (0x06, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b''.join(struct.pack('<HBBI', *step) for step in steps))
filter = ctypes.create_string_buffer(struct.pack('<HxxxxxxQ', len(steps), ctypes.addressof(code)))
libc = ctypes.CDLL(None)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.prctl(22, 2, filter) == 0
block = bytearray(b'x') * (8 << 20)
print('ready', flush=True)
sys.stdin.readline()
print(sum(block[::4096]), flush=True)
"""


def start(number, action):
    read, write = os.pipe()
    program = dime_test.start([sys.executable, "-c", PROGRAM, number, action], stdin=read)
    os.close(read)
    dime_test.wait_until(lambda: b"ready" in program.out_path.read_bytes(), f"the program: {program.err_path.read_text()}")
    return program, write


def finish(program, write):
    os.write(write, b"\n")
    os.close(write)
    run = program.wait()
    dime_test.equal((run.status, run.out), (0, b"ready\n245760\n"), f"the program's end ({run.err})")


def attach(program):
    return dime_test.dime("attach", "-p", program.pid, "--local", "500p", *dime_test.UNDELAYED)


def test():
    program, write = start(UNUSED, KILL_PROCESS)
    run = attach(program)
    dime_test.equal(run.status, 0, f"status of attach with a filter that permits it ({run.err})")
    finish(program, write)
    dime_test.dime("status")

    program, write = start(USERFAULTFD, KILL_PROCESS)
    run = attach(program)
    dime_test.equal(run.status, 1, f"status of attach with a filter that kills ({run.err})")
    message(run, [str(program.pid), "seccomp", "userfaultfd"], "attach with a filter that kills")
    finish(program, write)
    dime_test.equal(dime_test.instances(), [], "instances")


if __name__ == "__main__":
    dime_test.main(test)
