# SPDX-License-Identifier: GPL-2.0
"""redis_save.py LOCAL: BGSAVE (a forked child that reads the whole memory) under load writes a file that a native Redis loads whole.

The known keys must all be there with their values; the saved file must also be consistent with itself, so the digest of what a
native server loads is compared with that of the emulated server, after the load has ended and a last BGSAVE.
"""
import dime_test
from redis_server import Redis


def save(redis):
    before = redis.cli("lastsave")
    redis.cli("bgsave")
    dime_test.wait_until(lambda: "rdb_bgsave_in_progress:0" in redis.cli("info", "persistence"), "BGSAVE", seconds=120)
    dime_test.check("rdb_last_bgsave_status:ok" in redis.cli("info", "persistence"), f"BGSAVE failed; the last good one was {before}")
    dime_test.check((redis.folder / "dump.rdb").exists(), "no dump.rdb")


def test(local):
    keys = dime_test.machine.work(12_000, 1000)
    redis = Redis("emulated", local)
    redis.load(keys)
    bench = redis.benchmark(dime_test.machine.work(6000), "set,get,hset")
    saves = 0
    while bench.process.poll() is None or saves < 3:
        save(redis)
        saves += 1
    dime_test.equal(bench.wait().status, 0, "status of redis-benchmark")
    save(redis)
    digest, size = redis.digest(), redis.cli("dbsize")
    strings = [redis.cli("get", f"string:{number}") for number in (1, 777, keys)]
    redis.shutdown()
    print(f"{saves + 1} saves, {size} keys")

    loaded = dime_test.scratch / "loaded"
    loaded.mkdir()
    (redis.folder / "dump.rdb").rename(loaded / "dump.rdb")
    again = Redis("loaded")
    dime_test.equal(again.cli("dbsize"), size, "keys in the saved file")
    dime_test.equal(again.digest(), digest, "digest of the saved data")
    dime_test.equal([again.cli("get", f"string:{number}") for number in (1, 777, keys)], strings, "values")
    again.shutdown()


if __name__ == "__main__":
    dime_test.main(test)
