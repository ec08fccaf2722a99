# SPDX-License-Identifier: GPL-2.0
"""Rules, limits and policies that change all the time, under threads that write: what they compute stays right."""
import json

import dime_test

CHANGES = [
    ("--tier", "far: latency=2us,local=60p,policy=random", "--place", "anon: far"),
    ("--tier", "far: latency=0ns,local=300p,policy=fifo", "--place", "anon size>=64KiB: far", "--place", "all: local"),
    ("--place", "all: local"),
    ("--local", "80p", "--place", "anon: default", "--place", "all: far"),
    ("--local", "200p", "--place", "heap: far", "--place", "anon: default"),
]
LEAST = 3 * len(CHANGES)


def test():
    program = [dime_test.PROGRAMS / "verify_pages", 4, 800, 20]
    options = (*dime_test.UNDELAYED, "--instance", "0", "--tier", "far: latency=1us,local=100p", "--place", "anon: far")
    made = 0
    remote = 0
    for _ in range(5):
        native = dime_test.native(program)
        running = dime_test.start_emulated(program, "100p", options)
        dime_test.wait_until(lambda: dime_test.instances() or running.process.poll() is not None, "the instance")
        while running.process.poll() is None:
            changed = dime_test.dime("set", "--instance", "0", "--allow-floor", *CHANGES[made % len(CHANGES)])
            made += changed.status == 0
        emulated = running.wait()
        dime_test.same(native, emulated)
        remote += emulated.result["faults"]["remote"]
        print(made, "changes;", json.dumps({tier["name"]: tier["faults"] for tier in emulated.result["tiers"]}))
        if made >= LEAST and remote > 1000:
            break
        program[-1] *= 2  # so fast that the agent saw few of them, if any
    dime_test.check(made >= LEAST, f"only {made} changes while the program ran")
    dime_test.check(remote > 1000, f"only {remote} remote accesses")


if __name__ == "__main__":
    dime_test.main(test)
