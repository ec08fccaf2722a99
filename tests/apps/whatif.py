# SPDX-License-Identifier: GPL-2.0
"""`dime whatif` gives the misses that other people's simulators give, and refuses what it cannot do with one line.

The traces are made by Knuth's 64-bit congruence; the misses at SIZES local pages are those of libCacheSim (October 2024), and of
OPT of a program of its own.
"""
import bisect
import json
import subprocess
from pathlib import Path

import dime_test
from dime_test import check, dime, equal, scratch
from trace_command import refused

SIZES = (50, 100, 200, 400, 800, 1600)
REFERENCES = 100_000
SOURCE = Path(__file__).resolve().parents[2]
ZIPF = {
    "fifo": (70259, 61659, 52461, 42877, 32791, 21866), "lru": (65491, 56724, 47411, 37953, 28322, 18366),
    "clock": (64002, 55285, 46138, 36859, 27416, 17745), "sieve": (53210, 45028, 37929, 30769, 23597, 15974),
    "s3-fifo": (53175, 45744, 38478, 31219, 23714, 16508), "arc": (54343, 46793, 39404, 32164, 24732, 17299),
    "2q": (55507, 48044, 40493, 32938, 25161, 17674), "lirs": (53945, 46408, 39141, 32006, 24651, 16522),
    "opt": (45338, 37417, 29768, 22451, 15575, 9538),
}
PHASES = {
    "fifo": (94565, 89212, 78675, 58438, 24519, 2811), "lru": (94521, 89118, 78367, 57367, 20777, 2762),
    "clock": (94500, 89042, 78210, 56822, 20150, 2845), "sieve": (94155, 88485, 77359, 56426, 22335, 5384),
    "s3-fifo": (93856, 87771, 76125, 55662, 19593, 3512), "arc": (94042, 88186, 76743, 56553, 21741, 2897),
    "2q": (94086, 88165, 76886, 56265, 21596, 2811), "lirs": (93913, 87830, 76380, 55057, 19116, 3815),
    "opt": (70823, 58946, 43647, 25461, 7567, 2762),
}
# How far from those a policy may be whose description leaves something open.
OPEN = {"arc": 0.005, "s3-fifo": 0.02, "2q": 0.02, "lirs": 0.05}
KEYS = {"policy", "prefetch", "local_pages", "references", "misses", "miss_ratio", "predicted_wall_s", "slow_down", "good"}


def numbers(seed):
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield state >> 33


def zipf():
    pages, random, weights, total = 4999, numbers(1), [], 0
    for rank in range(1, pages + 1):
        total += 10**9 // rank
        weights.append(total)
    for _ in range(REFERENCES):
        value = ((next(random) << 31) | next(random)) % total
        yield bisect.bisect_right(weights, value) * 7919 % pages


def phases():
    random = numbers(3)
    for at in range(REFERENCES):
        yield at // 20000 * 400 + min(next(random) % 1200, next(random) % 1200)


def trace_of(name, pages):
    listed, made = scratch / f"{name}.txt", scratch / f"{name}.trace"
    listed.write_text("\n".join(map(str, pages)) + "\n")
    equal(dime("trace", "--from", listed, "-o", made).status, 0, "status of making a trace")
    return made


def compare(made, expected):
    sizes = ",".join(f"{size}p" for size in SIZES)
    run = dime("whatif", made, "--policy", "all", "--local", sizes, "--json", "-")
    equal(run.status, 0, f"status of whatif: {run.err}")
    points = json.loads(run.out)
    check(all(KEYS <= point.keys() for point in points), f"keys of {points[0]}")
    found = {(point["policy"], point["local_pages"]): point for point in points}
    for policy, misses in expected.items():
        for size, wanted in zip(SIZES, misses):
            point = found[policy, size]
            what = f"{policy} with {size} pages"
            check(abs(point["misses"] - wanted) <= OPEN.get(policy, 0) * wanted, f"{what}: {point['misses']} misses instead of {wanted}")
            equal(point["references"], REFERENCES, f"{what}: references")
            check(abs(point["miss_ratio"] - point["misses"] / REFERENCES) < 1e-9 and point["good"], f"{what}: {point}")
            check(point["opt_misses"] <= point["misses"], f"{what}: better than the bound: {point}")


def times(made):
    def walls(*words):
        points = json.loads(dime("whatif", made, "--local", "400p,1600p", "--json", "-", *words).out)
        return [point["predicted_wall_s"] for point in points]

    # 42,877 misses, of which 4,840 are first touches: those cost nothing; 100 ns a reference.
    few, many = walls("--latency", "10us", "--bandwidth", "unlimited")
    check(abs(few - (0.01 + (42877 - 4840) * 10e-6)) < 1e-6, f"predicted wall time with 400 pages: {few}")
    check(abs(many - (0.01 + (21866 - 4840) * 10e-6)) < 1e-6, f"predicted wall time with 1600 pages: {many}")
    check(walls("--preset", "osdi16-class-a")[0] < few, "a preset's latency counts")


def parameters(made):
    run = dime("whatif", made, "--policy", "s3-fifo,small=50%,fifo,s3-fifo,2q:in=10%:out=20%", "--local", "400p", "--json", "-")
    points = json.loads(run.out)
    equal([point["policy"] for point in points], ["s3-fifo,small=50%", "fifo", "s3-fifo", "2q:in=10%:out=20%"], "policies replayed")
    check(points[0]["misses"] != points[2]["misses"], f"a parameter changes nothing: {points}")


# A scan three times over, of which a quarter is local: each prefetcher that knows scans covers nearly all of it.
def prefetchers():
    made = trace_of("scans", list(range(1000)) * 3)
    run = dime("whatif", made, "--prefetch", f"all,linux,page-cluster=4,tape:{made}", "--local", "25%", "--latency", "1us",
               "--bandwidth", "unlimited", "--json", "-")
    equal(run.status, 0, f"status of whatif with prefetchers: {run.err}")
    found = {point["prefetch"]: point for point in json.loads(run.out)}
    equal(list(found), ["none", "sequential", "stride", "linux", "leap", "linux,page-cluster=4", f"tape:{made}"], "prefetchers replayed")
    none = found.pop("none")
    equal((none["misses"], none["prefetch_issued"], none["prefetch_coverage"]), (3000, 0, 0), "counts without prefetching")
    for name, point in found.items():
        issued, used, late, useless = (point[f"prefetch_{key}"] for key in ("issued", "used", "late", "useless"))
        check(used + late + useless <= issued <= used + late + useless + 250, f"{name}: {point}")
        check(point["prefetch_coverage"] > 0.5 and point["prefetch_accuracy"] > 0.9 and point["stall_s"] < none["stall_s"], f"{name}: {point}")
        equal(point["misses"] - 1000 + used + late, 2000, f"{name}: fetches that are needed")
        equal(point["link_bytes_rx"], 4096 * (point["fetches"] + issued), f"{name}: bytes fetched")
    # 100 ns a reference, 1 us a fetch: what is fetched 16 references ahead is there; of what is fetched one ahead, every other page is
    # late, because the wait for it is time for the next one.
    run = dime("whatif", made, "--prefetch", "sequential:1,sequential:16", "--local", "25%", "--latency", "1us", "--bandwidth", "unlimited", "--json", "-")
    one, many = json.loads(run.out)
    check(900 < one["prefetch_late"] < 1100 and many["prefetch_late"] < 100, f"late: {one} {many}")
    listed = dime("prefetchers")
    check(listed.status == 0 and all(name in listed.out.decode() for name in ("none", "sequential", "linux", "leap", "tape", "page-cluster=3 (1 to 5")), listed.out)


# The examples of docs/writing-a-policy.md, built as it says, and what is wrong with shared objects.
def shared_objects(made):
    page = (SOURCE / "docs/writing-a-policy.md").read_text()
    for example in ("second_chance.c", "next_in_block.c"):
        code = (SOURCE / "examples/policy" / example).read_text().split("\n", 1)[1]
        check(code in page, f"docs/writing-a-policy.md has another {example}")
    include = SOURCE / "include"

    def build(source, out, *options):
        subprocess.run(["cc", "-shared", "-fPIC", "-Wall", "-Werror", "-O2", f"-I{include}", *options, str(source), "-o", str(scratch / out)], check=True)
        return f"./{out}"

    policy = build(SOURCE / "examples/policy/second_chance.c", "second_chance.so")
    run = dime("whatif", made, "--policy", f"fifo,clock,{policy},{policy},chances=0", "--local", "400p,1600p", "--json", "-")
    equal(run.status, 0, f"status with a policy of one's own: {run.err}")
    misses = {}
    for point in json.loads(run.out):
        misses.setdefault(point["policy"], []).append(point["misses"])
    equal(misses[f"{policy},chances=0"], misses["fifo"], "misses without chances")
    check(misses["fifo"][0] > misses[policy][0] >= misses["clock"][0], f"misses: {misses}")

    ahead = build(SOURCE / "examples/policy/next_in_block.c", "next_in_block.so")
    scans = trace_of("own-scans", list(range(1000)) * 3)
    run = dime("whatif", scans, "--prefetch", f"none,{ahead},{ahead},pages=4", "--local", "25%", "--json", "-")
    equal(run.status, 0, f"status with a prefetcher of one's own: {run.err}")
    # 1,000 first touches, then one miss for each block, twice.
    equal([point["misses"] for point in json.loads(run.out)], [3000, 1000 + 2 * 125, 1000 + 2 * 250], "misses with blocks of 8 and 4 pages")

    empty = scratch / "empty.c"
    empty.write_text("int nothing;\n")
    old = scratch / "old.c"
    old.write_text("#include <dime/prefetch.h>\nconst struct dime_policy_ops dime_policy = { .name = \"old\", .abi = 1 };\n"
                   "const struct dime_prefetch_ops dime_prefetcher = { .name = \"old\", .abi = 99 };\n")
    half = scratch / "half.c"
    half.write_text("#include <dime/policy.h>\nconst struct dime_policy_ops dime_policy = { .name = \"half\", .abi = DIME_POLICY_ABI };\n")
    refused(["whatif", made, "--policy", build(empty, "empty.so")], 2, "empty.so: exports no dime_policy")
    refused(["whatif", made, "--prefetch", "./empty.so"], 2, "empty.so: exports no dime_prefetcher")
    refused(["whatif", made, "--policy", build(old, "old.so")], 2, "version 1 of the interface", "version 2")
    refused(["whatif", made, "--prefetch", "./old.so"], 2, "version 99 of the interface", "version 1")
    refused(["whatif", made, "--policy", build(half, "half.so")], 2, "needs a name, add_page")
    refused(["whatif", made, "--policy", "./zipf.txt"], 2, "./zipf.txt: cannot be loaded")
    refused(["whatif", made, "--policy", "./missing.so"], 2, "./missing.so: cannot be loaded")
    refused(["whatif", made, "--policy", f"{policy},chances=101"], 2, "out of bounds", "chances=1 (0 to 100")
    refused(["run", "--policy", policy, "--", "true"], 125, "blind in this engine")


def bad_input(made):
    refused(["whatif", made, "--policy", "fifo,fofi"], 2, "fofi", "lru", "s3-fifo", "opt")
    refused(["whatif", made, "--policy", "fifo,s3-fifo,big=1"], 2, "big=1", "small=10%")
    refused(["whatif", made, "--policy", "s3-fifo,small=200%"], 2, "small=200%", "90%")
    refused(["whatif", made, "--policy", "small=5%"], 2, "small=5%", "allowed")
    refused(["whatif", made, "--policy", "all,small=5%"], 2, "all,small=5%", "allowed")
    refused(["whatif", made, "--prefetch", "magic"], 2, "magic", "none", "sequential", "tape")
    refused(["whatif", made, "--prefetch", "sequential:0"], 2, "0: out of bounds", "1 to 32")
    refused(["whatif", made, "--prefetch", "none,linux,cluster=2"], 2, "no such parameter", "page-cluster=3")
    refused(["whatif", made, "--prefetch", "tape"], 2, "tape:TRACE")
    refused(["whatif", made, "--prefetch", f"tape:{scratch / 'missing'}"], 2, "missing")
    for wrong in ("5", "0p", "20%..10%", "10%..50p", "10%..", "", "100p,,200p"):
        refused(["whatif", made, "--local", wrong], 2, "--local", "allowed")
    refused(["whatif", made, "--latency", "5"], 2, "--latency 5")
    refused(["whatif", made, "--preset", "nix"], 2, "nix")
    refused(["whatif", made, "--native", "5"], 2, "--native 5")
    refused(["whatif", made, "--native", "0s"], 2, "--native 0s", "above")
    refused(["whatif", made, "--native", "1ms"], 1, "--native 1ms", "dime record")
    refused(["whatif", made, "-j", "0"], 2, "-j")
    refused(["whatif", scratch / "missing"], 1, "missing")
    refused(["whatif", scratch / "zipf.txt"], 1, "not a trace")
    refused(["whatif", made, "--json", scratch / "none" / "file"], 1, "none")
    empty = trace_of("one", [1])
    equal(dime("whatif", empty).status, 0, "a trace of one page")
    cut = scratch / "cut.trace"
    cut.write_bytes(made.read_bytes()[:-100])
    run = dime("whatif", cut)
    check(run.status == 0 and "cut" in run.err, f"a cut trace: {run.status} {run.err!r}")


def test():
    made = trace_of("zipf", zipf())
    compare(made, ZIPF)
    compare(trace_of("phases", phases()), PHASES)
    times(made)
    parameters(made)
    prefetchers()
    shared_objects(made)
    bad_input(made)
    table = dime("whatif", made, "--local", "10%..100%")
    lines = [line for line in table.out.decode().splitlines() if line.startswith("fifo")]
    equal(len(lines), 10, "lines of the table")


if __name__ == "__main__":
    dime_test.main(test)
