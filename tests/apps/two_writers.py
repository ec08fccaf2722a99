# SPDX-License-Identifier: GPL-2.0
"""Two changes of an instance at once: each begins with what the other has left, and none is lost."""
import fcntl
import json

import dime_test


def waiting(writers):
    with open("/proc/locks", encoding="utf-8") as locks:
        pids = [line.split()[5] for line in locks if "->" in line]
    return all(str(writer.pid) in pids for writer in writers)


def test():
    dime_test.equal(dime_test.dime("config", "instance_id=0 local_npages=100 latency_ns=100000").status, 0, "status of config")
    (name,) = dime_test.instances()
    writers = []
    with open(next(dime_test.runtime.rglob(name)), "rb") as block:
        fcntl.flock(block, fcntl.LOCK_EX)
        for words in (["set", "--tier", "near: latency=150us"], ["set", "--tier", "far: latency=400us"], ["set", "--latency", "300us"],
                      ["config", "instance_id=0 bandwidth_bps=1000000000"]):
            writers.append(dime_test.start([dime_test.DIME, *words]))
        dime_test.wait_until(lambda: waiting(writers), "all to wait for the block")
    for writer in writers:
        run = writer.wait()
        dime_test.equal(run.status, 0, f"status ({run.err})")
    (instance,) = json.loads(dime_test.dime("status", "--json").out)["instances"]
    shown = json.dumps(instance)
    dime_test.check('"near"' in shown and '"far"' in shown, f"a tier is lost: {shown[:3000]}")
    dime_test.equal((instance["config"]["latency_ns"], instance["config"]["bandwidth_bps"]), (300000, 1000000000), "latency, bandwidth")
    dime_test.equal(dime_test.dime("config", "instance_id=0 remove=1").status, 0, "status of config")


if __name__ == "__main__":
    dime_test.main(test)
