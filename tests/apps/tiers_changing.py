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
    emulated = None
    for _ in range(5):
        native = dime_test.native(program)
        running = dime_test.start_emulated(program, "100p", options)
        dime_test.wait_until(lambda: dime_test.instances() or running.process.poll() is not None, "the instance")
        while running.process.poll() is None:
            changed = dime_test.dime("set", "--instance", "0", "--allow-floor", *CHANGES[made % len(CHANGES)])
            made += changed.status == 0
        emulated = running.wait()
        dime_test.same(native, emulated)
        if made >= LEAST:
            break
        program[-1] *= 2  # a machine that is too fast for so few changes
    dime_test.check(made >= LEAST, f"only {made} changes while the program ran")
    tiers = {tier["name"]: tier for tier in emulated.result["tiers"]}
    print(made, "changes;", json.dumps({name: tier["faults"] for name, tier in tiers.items()}))
    dime_test.check(tiers["far"]["faults"]["remote"] > 100, f"far: {tiers['far']['faults']}")


if __name__ == "__main__":
    dime_test.main(test)
