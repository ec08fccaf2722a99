# SPDX-License-Identifier: GPL-2.0
"""Stalls have the quantiles of the jitter that was asked for, and the same seed gives the same ones.

The bounds hold on any machine: a stall is not shorter than its draw, and its median not longer than bounds.py allows.
"""
import statistics

import bounds
import dime_test

WORKLOAD = dime_test.WORKLOADS / "remote_access"
LATENCY = 1_000_000
DEVIATION = 300_000
Z99 = statistics.NormalDist().inv_cdf(0.99)
ACCESSES = 1500


def stalls(shape, *options):
    """Quantiles of the measured stalls, and the result."""
    run = dime_test.emulated([WORKLOAD, 1, 600, ACCESSES], "300p",
                             ("--latency", "1ms", "--bandwidth", "unlimited", "--jitter", f"{shape}", "--allow-floor", *options))
    dime_test.equal(run.status, 0, f"status ({run.err[-500:]})")
    return run.result["stall_ns"], run.result


def at_least(what, found, expected):
    print(f"{what}: {found / 1000:.0f} us, of the distribution {expected / 1000:.0f} us ({100 * (found / expected - 1):+.1f} %)")
    dime_test.check(found >= 0.96 * expected, f"{what}: {found} ns, but the distribution has {expected:.0f} ns")


def test():
    lognormal99 = (2.718281828 ** Z99 - 1.6487) / 2.1612
    for shape, p50, p99 in (("normal", 0, Z99), ("lognormal", (1 - 1.6487) / 2.1612, lognormal99),
                            ("pareto", (2 ** (1 / 3) - 1.5) / 0.866, (100 ** (1 / 3) - 1.5) / 0.866)):
        seen, result = stalls(f"{shape},300us", "--seed", "7")
        at_least(f"{shape} p50", seen["p50"], LATENCY + p50 * DEVIATION)
        bounds.not_longer(round(LATENCY + p50 * DEVIATION), seen["p50"],
                          lambda: stalls(f"{shape},300us", "--seed", "7")[0]["p50"], f"{shape} p50")  # noqa: B023
        # The tail of so few draws is uncertain by some per cent; half a deviation less would be another distribution.
        at_least(f"{shape} p99", seen["p99"] + DEVIATION / 2, LATENCY + p99 * DEVIATION)
        dime_test.equal(result["config"]["jitter"], {"shape": shape, "deviation_ns": DEVIATION, "correlation_percent": 0.0, "seed": 7},
                        "jitter in the result")
        dime_test.equal(seen["target"], LATENCY, "target in the result")

    table = dime_test.scratch / "delays"
    table.write_text("# ns\n0\n1000000\n\n1000000\n")
    seen, _ = stalls(f"table:{table}")
    at_least("table p90", seen["p90"], 2 * LATENCY)
    at_least("table mean", seen["mean"], LATENCY * 1.75)


if __name__ == "__main__":
    dime_test.main(test)
