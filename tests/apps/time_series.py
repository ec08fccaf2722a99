# SPDX-License-Identifier: GPL-2.0
"""The samples of a run add up to its result, `dime status --follow` shows it while it goes on, and the summary says what stalls took.
Some 8 s."""
import json

import dime_test

DELAYED = ("--latency", "500us", "--bandwidth", "10Gbit/s", "--interval", "50ms")
SUMS = {"remote": ("faults", "remote"), "first_touch": ("faults", "first_touch"), "evictions": ("evictions", "total"),
        "rx_bytes": ("link", "bytes_rx")}


def check_samples(result):
    samples = result["samples"]
    dime_test.check(len(samples) >= 3, f"{len(samples)} samples in {result['wall_s']} s")
    for key, (section, total) in SUMS.items():
        dime_test.equal(sum(sample[key] for sample in samples), result[section][total], f"sum of {key}")
    at = [sample["at_s"] for sample in samples]
    dime_test.equal(at, sorted(at), "times of the samples")
    dime_test.check(abs(sum(sample["wall_s"] for sample in samples) - at[-1]) < 1e-6, "intervals do not add up")
    for sample in samples:
        dime_test.check(sample["local_pages"] <= 300, f"{sample['local_pages']} local pages; the limit is 300")
        if sample["remote"] == 0:
            continue
        dime_test.check(500_000 < sample["stall_p50_ns"] <= sample["stall_p99_ns"], f"stalls of {sample}")
        dime_test.check(0 < sample["rx_busy"] <= 1, f"rx_busy of {sample}")
    stall_s = result["stall_ns"]["mean"] * result["stall_ns"]["count"] / 1e9
    summary = result["summary"]
    dime_test.check(abs(summary["stall_s"] - stall_s) < 0.01 * stall_s + 1e-5, f"stall_s {summary['stall_s']}, not {stall_s}")
    dime_test.check(0.5 < summary["stall_share"] <= 1, f"a program that waits for memory alone: {summary}")


def follow():
    command = dime_test.start_emulated([dime_test.PROGRAMS / "alternate", 1000, 12], "300p", DELAYED)
    dime_test.wait_until(lambda: json.loads(dime_test.dime("status", "--json").out)["instances"], "the instance")
    lines = dime_test.dime("status", "--follow", "--interval", "100ms", "--count", 5, "--json")
    shown = dime_test.dime("status", "--follow", "--interval", "100ms", "--count", 2)
    run = command.wait()
    dime_test.equal((lines.status, shown.status, run.status), (0, 0, 0), "exit statuses")
    samples = [json.loads(line) for line in lines.out.splitlines()]
    dime_test.check(samples, "nothing was followed")
    dime_test.check(sum(sample["remote"] for sample in samples) > 0, f"no remote access in {samples}")
    dime_test.equal({sample["instance_id"] for sample in samples}, {0}, "instances")
    head, line = shown.out.decode().splitlines()[:2]
    dime_test.equal(head.split()[:3], ["time", "inst", "remote/s"], "header")
    dime_test.equal(len(line.split()), len(head.split()), "columns")
    return run


def test():
    dime_test.requires_emulation()
    run = follow()
    check_samples(run.result)
    dime_test.check("stalls took" in run.err, f"no line about stalls:\n{run.err}")
    for words, allowed in ((("run", "--interval", "1ms", "--", "/bin/true"), 125), (("status", "--interval", "1s"), 2),
                           (("status", "--follow", "--interval", "soon"), 2), (("status", "--follow", "--count", "0"), 2)):
        refused = dime_test.dime(*words)
        dime_test.equal(refused.status, allowed, f"status of dime {' '.join(words)}")
        dime_test.check(refused.err.startswith("dime: error: "), refused.err)


if __name__ == "__main__":
    dime_test.main(test)
