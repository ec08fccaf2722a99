# SPDX-License-Identifier: GPL-2.0
"""Corrupted copies of a control block: every command that reads or changes one ends by itself, with at most one line of error.

A block is that of a running instance, and then it is cut, extended, or has bytes, numbers or whole parts changed. The instance itself lies
in another folder and takes no harm.
"""
import json
import os
import struct
import subprocess

from fuzz_test import dime_test, judge, main, randomly, rounds

EXTREMES = [0, 1, 2, 33, 65, 257, 1025, 4096, 10**6, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 2**63 - 1, 2**63, 2**64 - 1]
COMMANDS = [["status"], ["status", "--json"], ["status", "--json"], ["config"], ["set", "--instance", "0", "--latency", "300us"],
            ["set", "--instance", "0", "--tier", "x: latency=1ms"], ["config", "instance_id=0 latency_ns=300000 local_npages=70"]]
# Most of what is read for each instance lies at the beginning; the rest are slots of members.
HEAD = 80000


def place(block):
    return randomly.randrange(min(HEAD, len(block)) if randomly.random() < 0.8 else len(block))


def damaged(block):
    block = bytearray(block)
    what = randomly.random()
    if what < 0.12:
        return block[:randomly.choice([0, 1, 7, 16, 47, 4095, 4096, len(block) - 8, len(block) - 1, randomly.randrange(len(block))])]
    if what < 0.15:
        return block + bytes(randomly.choice([1, 4096, 1 << 20]))
    if what < 0.5:
        for _ in range(randomly.choice([1, 1, 2, 4, 16, 64])):
            block[place(block)] = randomly.randrange(256)
    elif what < 0.85:
        for _ in range(randomly.choice([1, 1, 2, 3])):
            size, code = randomly.choice([(4, "<I"), (8, "<Q")])
            struct.pack_into(code, block, place(block[:-8]) // size * size, randomly.choice(EXTREMES) & (1 << 8 * size) - 1)
    else:
        begin = place(block)
        length = randomly.randrange(1, min(20000, len(block) - begin + 1) + 1)
        length = min(length, len(block) - begin)
        fill = randomly.choice([b"\0", b"\xff", b"A", b"/", b"\x80", None])
        block[begin:begin + length] = fill * length if fill else randomly.randbytes(length)
    return block


def test():
    holder = dime_test.start_emulated(["sleep", "100000"], "64p", ("--instance", "0", "--latency", "300us", "--allow-floor", "--tier",
                                                                   "far: latency=400us"))
    dime_test.wait_until(lambda: b" sleep" in dime_test.dime("status").out, "the program")
    (name,) = dime_test.instances()
    (path,) = [found for found in dime_test.runtime.rglob(name) if found.is_file()]
    base = path.read_bytes()
    folder = dime_test.scratch / "runtime"
    folder.mkdir(mode=0o700)
    environment = {**os.environ, "DIME_RUNTIME_DIR": str(folder)}
    for number in rounds():
        block = damaged(base)
        copy = folder / name
        copy.write_bytes(block)
        copy.chmod(0o600)
        command = COMMANDS[number % len(COMMANDS)]
        done = subprocess.run([dime_test.DIME, *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              env=environment, check=False)
        right = done.returncode in (0, 1, 2, 125) and done.stderr.count(b"dime: error: ") == (done.returncode != 0)
        if right and command == ["status", "--json"] and done.returncode == 0:
            try:
                json.loads(done.stdout)
            except ValueError:
                right = False
        if not right:
            kept = f"/tmp/dime-fuzz-block-{os.getpid()}"
            with open(kept, "wb") as file:
                file.write(block)
            judge(False, f"round {number}: {command}: status {done.returncode}: {done.stderr[-1000:]}; {done.stdout[-300:]}; the block is {kept}")
        for left in list(folder.iterdir()):
            left.unlink()
    holder.process.terminate()
    holder.wait()


if __name__ == "__main__":
    main(test)
