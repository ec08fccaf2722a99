# SPDX-License-Identifier: GPL-2.0
"""redis_benchmark.py LOCAL: after the same commands, an emulated Redis holds the same data as a native one, and redis-benchmark is served."""
import dime_test
from limits import check_limit
from redis_server import Redis


def test(local):
    keys = dime_test.machine.work(12_000, 1000)
    original = Redis("native")
    original.load(keys)
    expected = original.digest(), original.cli("dbsize")
    original.shutdown()

    redis = Redis("emulated", local)
    redis.load(keys)
    dime_test.equal((redis.digest(), redis.cli("dbsize")), expected, "digest and size of the data")
    bench = redis.benchmark(dime_test.machine.work(3000)).wait()
    dime_test.equal(bench.status, 0, f"status of redis-benchmark ({bench.err})")
    dime_test.check(bench.out.count(b"\n") >= 6, f"redis-benchmark: {bench.out}")
    print(bench.out.decode())
    run = redis.shutdown()
    check_limit(local, run)
    if local != "100%":
        dime_test.check(run.result["faults"]["remote"] > 0, "no remote access")


if __name__ == "__main__":
    dime_test.main(test)
