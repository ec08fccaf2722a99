# SPDX-License-Identifier: GPL-2.0
"""Bad input to `dime set` and `dime config` for an instance that exists: one line that names the option and the value, and nothing changes.

The rows of bad_input.py whose options can be changed live, and what only a change can do wrong.
"""
import json

import bad_input
import dime_test

CREATE = "instance_id=0 latency_ns=100000 bandwidth_bps=1000000000 local_npages=2000 jitter=normal,5us schedule=9s:down;10s:up"
TIERS = ("--tier", "far: latency=200us,local=64p", "--place", "heap: far", "--place", "all: local")
GOOD_FOR_SET = [["--tier", "far: policy=fifo"]]  # it has a limit of its own
NOT_FOR_SET = {"--engine", "--fault-path", "--interval", "--json", "--instance", "--no-such-option", "--no-follow"}
SET = [
    (["--link", ""], ["--link"]),
    (["--link", "a/b"], ["--link", "a/b"]),
    (["--link", "../x"], ["--link", "../x"]),
    (["--tier", "far: link=a/b"], ["--tier", "a/b"]),
    (["--fetch-times", bad_input.table("4096 -3")[6:]], ["--fetch-times", "line 1", "-3"]),
    (["--fetch-times", bad_input.table("4096 3000", "8192 soon")[6:]], ["--fetch-times", "line 2", "soon"]),
    (["--place", "heap: far", "--place", "stack: nowhere"], ["--place", "nowhere"]),
    (["--latency", "50us", "--tier", "far: latency=never"], ["--tier", "latency=never"]),
    (["--local", "100p", "--place", "range=0x1000-0x3000: far", "--place", "range=0x2000-0x4000: local"], ["--place", "0x2000-0x4000"]),
]
CONFIG = [
    ("instance_id=0 latency_ns=5000 policy=none-such", ["policy", "none-such"]),
    ("instance_id=0 latency_ns=5000 link=a/b", ["link", "a/b"]),
    ("instance_id=0 bandwidth_bps=5000000 schedule=9s:down;5s:up", ["schedule", "5s", "out of order"]),
    ("instance_id=0 local_npages=5 jitter=table:5:3", ["jitter", "table:5:3"]),
    ("instance_id=0 local_npages=5 jitter=table:-5:3", ["jitter", "table:-5:3"]),
    ("instance_id=0 local_npages=5 pid=+999999999", ["pid", "999999999"]),
    ("instance_id=1 remove=1", ["instance_id", "1"]),
]


def state():
    status = dime_test.dime("status", "--json")
    instances = json.loads(status.out)["instances"]
    dime_test.equal(len(instances), 1, "instances")
    return {key: instances[0][key] for key in ("config", "tiers", "rules", "members")}


def test():
    dime_test.equal(dime_test.dime("config", CREATE).status, 0, "status of the creation")
    dime_test.equal(dime_test.dime("set", "--instance", "0", "--allow-floor", *TIERS).status, 0, "status of dime set")
    before = state()  # once for all: what one row changed shows in all that follow
    dime_test.equal([tier["name"] for tier in before["tiers"]], ["default", "far", "local"], "tiers")
    problems = []

    def refused(words, expected, what):
        run = dime_test.dime(*words)
        try:
            dime_test.check(run.status in (1, 2), f"{what}: status {run.status} ({run.err})")
            bad_input.message(run, expected, what)
            dime_test.equal(state(), before, f"what the instance has after {what}")
        except dime_test.Failure as problem:
            problems.append(str(problem))

    for options, expected in [row for row in bad_input.RUN if not NOT_FOR_SET & set(row[0]) and row[0] not in GOOD_FOR_SET] + SET:
        refused(["set", "--instance", "0", *options], expected, "dime set " + " ".join(map(str, options)))
    for text, expected in CONFIG:
        refused(["config", text], expected, f"dime config '{text}'")
    dime_test.equal(dime_test.dime("config", "instance_id=0 remove=1").status, 0, "status of the removal")
    dime_test.check(not problems, "\n".join(problems))


if __name__ == "__main__":
    dime_test.main(test)
