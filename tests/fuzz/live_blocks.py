# SPDX-License-Identifier: GPL-2.0
"""Bytes and numbers in the block of a running program change: the program computes the right result and nothing crashes.

Figures may become wrong, and stalls as long as a block can ask for: who waits long is killed, and not judged.
"""
import os
import signal
import struct
import subprocess

from fuzz_test import dime_test, judge, main, randomly, rounds, watchdog
from control_blocks import EXTREMES, HEAD


def change(path):
    """Changes the block, and returns what."""
    done = []
    with open(path, "r+b", buffering=0) as block:
        for _ in range(randomly.choice([1, 1, 2, 4])):
            # Not the head with the magic number and the size.
            place = randomly.randrange(16, HEAD)
            size, code = randomly.choice([(4, "<I"), (8, "<Q")])
            place = place // size * size
            value = randomly.choice(EXTREMES) if randomly.random() < 0.7 else randomly.getrandbits(64)
            block.seek(place)
            block.write(struct.pack(code, value & (1 << 8 * size) - 1))
            done.append(f"{place}={value:#x}")
    return done


def test():
    command = [str(dime_test.PROGRAMS / "verify_pages"), "2", "300", "3"]
    expected = dime_test.native(command)
    unjudged = 0
    for number in rounds():
        path = randomly.choice(["inline", "thread"])
        run = dime_test.start([dime_test.DIME, "run", "--instance", "0", "--fault-path", path, "--local", "64p", "--latency", "100us", "--allow-floor",
                               "--tier", "far: latency=150us,local=32p", "--place", "size>=1MiB: far", "--", *command])
        dime_test.wait_until(lambda: dime_test.instances() or run.process.poll() is not None, "the instance")
        dime_test.wait_until(lambda: watchdog.children(run.pid) or run.process.poll() is not None, "the program")
        what = []
        for name in dime_test.instances():
            what += change(next(dime_test.runtime.rglob(name)))
        try:
            run.process.wait(dime_test.machine.patience(20))
        except subprocess.TimeoutExpired:
            unjudged += 1
            for pid in [*watchdog.descendants(run.pid), run.pid]:
                os.kill(pid, signal.SIGKILL)
        done = run.wait()
        out = run.out_path.read_bytes()
        shown = f"round {number}, {path}, {what}: status {done.status}, {out!r}, {done.err[-1500:]}"
        judge(out in (b"", expected.out), shown)
        # 125: the block says that nobody joined, or that somebody else did.
        judge(done.status in (0, 2, 125, 137), shown)
        watchdog.kill_tree()
        for left in [found for found in dime_test.runtime.rglob("dime-*") if found.is_file()]:
            left.unlink()
    print(f"{unjudged} waited long, and were not judged")


if __name__ == "__main__":
    main(test)
