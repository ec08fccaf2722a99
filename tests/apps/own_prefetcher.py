# SPDX-License-Identifier: GPL-2.0
"""A prefetcher of one's own in a shared object names pages in a live run, in children and in programs that they execute; code that may not
run in a program is refused with one line. 5 s."""
import os

import dime_test
from dime_test import check, dime, emulated, equal, native, same, scratch
from own_policy import SAFE, SOURCE, built
from prefetch import PAGES, ROUNDS
from trace_command import refused

BLOCKS = (SOURCE / "examples/policy/next_in_block.c").read_text()


def run(prefetcher, command, local, *options):
    seen = emulated(command, local, (*dime_test.UNDELAYED, "--prefetch", prefetcher, *options))
    same(native(command), seen)
    return seen


def test_names(own):
    # Under FIFO no page is there when the scan comes back: of each block but the first page is fetched ahead.
    command = [dime_test.PROGRAMS / "scans", PAGES, ROUNDS, "forward"]
    remote = {pages: run(f"{own},pages={pages}", command, "25%").result for pages in (2, 16)}
    for pages, result in remote.items():
        equal(result["config"]["prefetch"], f"next-in-block,pages={pages}", "the prefetcher in the result")
        counts = result["prefetch"]
        check(counts["accuracy"] > 0.8 and counts["coverage"] > 0.8 * (pages - 1) / pages, f"blocks of {pages}: {counts}")
    fewer = [result["faults"]["remote"] for result in remote.values()]
    check(fewer[1] < 0.25 * fewer[0], f"remote accesses with blocks of 2 and of 16 pages: {fewer}")


def test_everywhere(own):
    program = "import os, subprocess; data = bytearray(4 << 20); pid = os.fork() or os._exit(sum(data) + 3); print(os.waitpid(pid, 0)[1], " \
              "subprocess.check_output(['/usr/bin/python3', '-c', 'print(len(bytearray(4 << 20)))']), sum(data))"
    policy = built("second_chance", (SOURCE / "examples/policy/second_chance.c").read_text(), *SAFE)
    seen = run(own, ["/usr/bin/python3", "-c", program], "1500p", "--policy", f"{policy},blind=ok")
    check(len(seen.result["processes"]) >= 3, f"processes: {seen.result['processes']}")
    equal((seen.result["config"]["policy"], seen.result["config"]["prefetch"]), ("second-chance,blind=ok", "next-in-block"), "what the result names")
    check(seen.result["prefetch"]["issued"] > 100, f"pages prefetched: {seen.result['prefetch']}")
    equal([path.name for path in dime_test.runtime.rglob("*prefetcher*")], [], "files left behind")
    change = dime("set", "--prefetch", own)
    check(change.status != 0 and "when the instance starts" in change.err, f"a live change: {change.err}")
    tier = dime("run", "--tier", f"far: prefetch={own}", "--", "true")
    check(tier.status == 125 and "prefetch=" in tier.err, f"of a tier: {tier.err}")


def test_names_nonsense():
    """Pages that are local, or do not exist, are not fetched: the program computes what it does natively."""
    command = [dime_test.PROGRAMS / "scans", 500, ROUNDS, "forward"]
    for number, page in enumerate(("0", "~0ull - count", "1ull << 52", "event->page")):
        nonsense = BLOCKS.replace("pages[count++] = page;", f"{{ pages[count] = {page}; ++count; }}")
        seen = run(built(f"nonsense{number}", nonsense, *SAFE), command, "25%")
        equal(seen.result["prefetch"]["issued"], 0, f"pages prefetched where {page} is named")


def test_refused(own):
    def not_run(prefetcher, *parts):
        refused(["run", "--prefetch", prefetcher, "--", "true"], 125, *parts)

    not_run(f"{own},to=3", "to", "next-in-block has pages")
    not_run(f"{own},pages=65", "out of bounds")
    not_run(built("leap", BLOCKS.replace("next-in-block", "leap"), *SAFE), "built-in prefetcher called leap")
    not_run(built("long", BLOCKS.replace("next-in-block", "x" * 40), *SAFE), "allowed: up to 31")
    not_run(built("tape", BLOCKS.replace(".init = init", ".flags = DIME_PREFETCH_TAPE, .init = init"), *SAFE), "recording")
    not_run(built("calls", BLOCKS + "int puts(const char *); int say(void) { return puts(\"\"); }", "-fno-stack-protector"), "needs")
    not_run(built("policy", (SOURCE / "examples/policy/second_chance.c").read_text(), *SAFE), "exports no dime_prefetcher")
    not_run("./missing.so", "./missing.so")


def test():
    os.chdir(scratch)
    own = built("next_in_block", BLOCKS, *SAFE)
    test_names(own)
    test_everywhere(own)
    test_names_nonsense()
    test_refused(own)


if __name__ == "__main__":
    dime_test.main(test)
