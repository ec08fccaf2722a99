# SPDX-License-Identifier: GPL-2.0
"""Each program of bench/workloads verifies what it computed, and prints the same natively and with half of its memory local."""
import dime_test

WORKLOADS = ("bfs", "hash_join", "key_value", "kmeans", "pagerank", "pointer_chase", "quicksort", "random_update", "stream")
LOCAL = "50%"


def same_at(name, *arguments, evicts=True):
    command = [dime_test.WORKLOADS / name, *arguments]
    native = dime_test.native(command)
    dime_test.equal(native.status, 0, f"status of {name} ({native.out} {native.err})")
    dime_test.check(b": right" in native.out, f"{name}: {native.out}")
    run = dime_test.emulated(command, LOCAL)
    dime_test.same(native, run)
    dime_test.check(not evicts or run.result["faults"]["remote"] > 0, f"{name}: no remote access")


def test():
    for name in WORKLOADS:
        same_at(name, "--size", "1MiB", "--seed", 7)
        refused = dime_test.native([dime_test.WORKLOADS / name, "--size", "2"])
        dime_test.equal(refused.status, 2, f"status of {name} with a size without a unit")
    same_at("last_pages", 600, 400)
    # With FIFO, what comes behind the local pages is a fault each.
    for last, remote in ((200, 0), (250, 250)):
        run = dime_test.emulated([dime_test.WORKLOADS / "last_pages", 500, last], "240p")
        counted = run.result["faults"]["remote"]
        dime_test.check(remote <= counted <= remote + 20, f"last_pages 500 {last} with 240 local pages: {counted} remote accesses")


if __name__ == "__main__":
    dime_test.main(test)
