# SPDX-License-Identifier: GPL-2.0
"""Pages that are fetched ahead: scans have fewer remote accesses, the limit holds, and no content is lost.

What a prefetcher has named is counted once it is known what became of it. Late ones wait for the rest of their way, and no longer.
"""
import json

import dime_test
import tiers

PAGES = 2000
ROUNDS = 6
QUICK = (*dime_test.UNDELAYED,)


def scans(order, prefetcher, options=QUICK, local="25%"):
    command = [dime_test.PROGRAMS / "scans", PAGES, ROUNDS, order]
    run = dime_test.emulated(command, local, (*options, "--prefetch", prefetcher))
    dime_test.same(dime_test.native(command), run)
    counts = run.result["prefetch"]
    fate = counts["used"] + counts["late"] + counts["useless"]
    dime_test.check(fate <= counts["issued"] <= fate + run.result["pages"]["managed_peak"], f"{prefetcher}: {counts}")
    dime_test.equal(run.result["config"]["prefetch"], prefetcher, "the prefetcher in the result")
    return run


def remote(run):
    return run.result["faults"]["remote"]


def fewer():
    """A scan under FIFO has no hit without a prefetcher. With one, at most every fourth access is remote."""
    for order, names in (("forward", ("sequential:7", "linux", "leap", "stride")), ("backward", ("linux", "stride", "leap")),
                         ("5", ("stride", "leap"))):
        plain = scans(order, "none")
        dime_test.equal(plain.result["prefetch"]["issued"], 0, "pages prefetched without a prefetcher")
        for name in names:
            run = scans(order, name)
            counts = run.result["prefetch"]
            dime_test.check(4 * remote(run) < remote(plain), f"{order}, {name}: {remote(run)} remote accesses, {remote(plain)} without")
            dime_test.check(counts["used"] + counts["late"] > 0.8 * counts["issued"], f"{order}, {name}: {counts}")
            dime_test.check(counts["coverage"] > 0.6 and counts["accuracy"] > 0.8, f"{order}, {name}: {counts}")
    random = scans("random", "sequential:7")
    dime_test.check(random.result["prefetch"]["accuracy"] < 0.7, f"random: {random.result['prefetch']}")


def limited():
    """Pages that are fetched ahead take room like others."""
    run = scans("forward", "sequential:31", local="500p")
    dime_test.check(run.result["prefetch"]["issued"] > PAGES, f"issued: {run.result['prefetch']}")
    peak, inherited = run.result["pages"]["local_peak"], PAGES  # the forked child's are allowed above the limit for a while
    dime_test.check(peak <= 500 + inherited, f"{peak} local pages")


def late():
    """At 1 ms a fetch and next to no work, pages are touched long before they arrive; eight together take one latency."""
    plain = scans("forward", "none", ("--latency", "1ms", "--bandwidth", "unlimited"), "80%")
    run = scans("forward", "sequential:7", ("--latency", "1ms", "--bandwidth", "unlimited"), "80%")
    counts = run.result["prefetch"]
    dime_test.check(counts["late"] > 0.05 * counts["issued"], f"late: {counts}")
    dime_test.check(run.result["summary"]["stall_s"] < 0.6 * plain.result["summary"]["stall_s"],
                    f"stalls took {run.result['summary']['stall_s']} s, {plain.result['summary']['stall_s']} s without a prefetcher")


def unharmed():
    """Threads that write, mappings that change, forks: contents are as without."""
    for prefetcher in ("sequential:15", "leap"):
        for command in ([dime_test.PROGRAMS / "verify_pages", 4, 500, "~4"], [dime_test.PROGRAMS / "mapping_torture", "~2000", 3],
                        [dime_test.PROGRAMS / "fork_copies", 300, "~8"]):
            expected = dime_test.native(command)
            for policy in ("fifo", "random"):
                options = (*QUICK, "--prefetch", prefetcher, "--policy", policy)
                dime_test.same(expected, dime_test.emulated(command, "200p", options))


def per_tier():
    """A tier's own prefetcher serves its pages and no others, and the instance's serves those of the tiers that have none. three_tiers goes
    through 200 pages of the tier and 600 others in turn."""
    for instance, own, options in (("none", "sequential:7", ("--tier", "far: prefetch=sequential:7", "--place", "name=table: far")),
                                   ("sequential:7", "none", ("--place", "name=table: prefetch=none")),
                                   ("none", "leap:pages=9", ("--place", "name=table: prefetch=leap:pages=9"))):
        program = tiers.Emulated(*QUICK, "--local", "160p", "--prefetch", instance, *options)
        program.answer()
        result = program.finish().result
        table = next(tier for tier in result["tiers"] if tier["config"]["prefetch"] == own)
        rest = result["tiers"][0]
        dime_test.equal(rest["config"]["prefetch"], instance, "the instance's prefetcher in the result")
        with_it, without = (table, rest) if instance == "none" else (rest, table)
        dime_test.equal(without["prefetch"]["issued"], 0, f"pages prefetched without a prefetcher: {options}")
        counts = with_it["prefetch"]
        dime_test.check(counts["issued"] > 500 and counts["accuracy"] > 0.7 and counts["coverage"] > 0.7, f"{options}: {counts}")
        dime_test.equal(counts["issued"], result["prefetch"]["issued"], "pages prefetched in all tiers")
        dime_test.check(without["faults"]["remote"] >= tiers.ROUNDS * 200, f"{options}: {without['faults']}")


def per_tier_live():
    def issued():
        program.answer()
        found = json.loads(dime_test.dime("status", "--json").out)["instances"][0]["tiers"]
        return {tier["name"]: tier["prefetch"]["issued"] for tier in found}

    program = tiers.Emulated(*QUICK, "--instance", "0", "--local", "160p", "--tier", "far: latency=0ns", "--place", "name=table: far")
    dime_test.check(not any(issued().values()), f"without a prefetcher: {issued()}")
    tiers.change("--tier", "far: prefetch=stride:4")
    dime_test.wait_until(lambda: issued()["far"] > 100, "pages that are fetched ahead")
    dime_test.equal(issued()["default"], 0, "pages that were fetched ahead of the other tiers")
    tiers.change("--tier", "far: prefetch=none", "--prefetch", "linux")
    dime_test.wait_until(lambda: issued()["default"] > 100, "pages that are fetched ahead of the other tiers")
    before = issued()["far"]
    dime_test.equal(issued()["far"], before, "pages that are fetched ahead of a tier with none")
    bad = dime_test.dime("set", "--instance", "0", "--tier", "far: prefetch=none-such")
    dime_test.check(bad.status != 0 and "tier far: prefetch=none-such: unknown prefetcher" in bad.err, f"a bad name: {bad.err}")
    program.finish()


def refused():
    for text, words in (("none-such", ["none-such", "linux", "leap"]), ("tape:x,pages=4", ["tape", "whatif"]), ("sequential:0", ["sequential"]),
                        ("./mine.so", ["./mine.so", "cannot be loaded"]), ("tape:/tmp/T", ["only for dime whatif"]),
                        ("tape", ["only for dime whatif"]), ("tape:" + 90 * "x", ["only for dime whatif"]),
                        ("sequential:-1", ["out of bounds", "(1 to 32"]), ("sequential:" + 20 * "9", ["out of bounds", "(1 to 32"]),
                        ("none:3", ["no such parameter", "none has no parameters"]), ("", ["--prefetch is empty", "allowed"])):
        run = dime_test.dime("run", "--prefetch", text, "--", "true")
        dime_test.equal(run.status, 125, f"status for {text}: {run.err}")
        dime_test.check(all(word in run.err for word in words), f"{text}: {run.err}")
        dime_test.check("tape" in text or "tape" not in run.err, f"{text}: dime run has no tape: {run.err}")
    run = dime_test.dime("run", "--policy", "./mine.so", "--", "true")
    dime_test.check(run.status == 125 and "cannot be loaded" in run.err, f"--policy: {run.err}")
    for terms, words in (("prefetch=none-such", "unknown prefetcher; allowed: none, sequential"), ("prefetch=./mine.so", "prefetch=./mine.so"),
                         ("prefetch=sequential:0", "out of bounds"), ("prefetch=tape:x", "only for dime whatif"), ("prefetch=", "prefetch=")):
        run = dime_test.dime("run", "--tier", f"far: {terms}", "--", "true")
        dime_test.check(run.status == 125 and words in run.err, f"{terms}: {run.err}")
    for options, words in ((("--prefetch", "linux"), "--prefetch"), (("--tier", "far: prefetch=linux"), "--tier with prefetch=")):
        run = dime_test.dime("record", *options, "-o", dime_test.scratch / "t", "--", "true")
        dime_test.check(run.status != 0 and words in run.err, f"record: {run.err}")


def test(*parts):
    for part in parts:
        globals()[part]()


if __name__ == "__main__":
    dime_test.main(test)
