# SPDX-License-Identifier: GPL-2.0
"""A policy of one's own in a shared object decides in a live run, in children and in programs that they execute, as the built-in one of the
same rule does; code that may not run in a program is refused with one line. 5 s."""
import os
import subprocess
from pathlib import Path

import dime_test
from dime_test import check, dime, emulated, equal, native, same, scratch
from trace_command import refused

SOURCE = Path(__file__).resolve().parents[2]
# The page that came last goes first.
NEWEST = """
#include <dime/policy.h>
struct list { uint32_t newest; };
static int init(const struct dime_policy_ops *self, void *state, const struct dime_policy_host *host)
{ ((struct list *)state)->newest = DIME_NO_PAGE; return 0; }
static int add_page(void *state, const struct dime_policy_host *host, uint32_t page)
{
	struct list *l = state;
	struct dime_policy_page *own = host->page(host->context, page);
	own->next = l->newest;
	own->prev = DIME_NO_PAGE;
	if (l->newest != DIME_NO_PAGE)
		host->page(host->context, l->newest)->prev = page;
	l->newest = page;
	return 0;
}
static void remove_page(void *state, const struct dime_policy_host *host, uint32_t page)
{
	struct list *l = state;
	struct dime_policy_page own = *host->page(host->context, page);
	if (own.next != DIME_NO_PAGE)
		host->page(host->context, own.next)->prev = own.prev;
	if (own.prev != DIME_NO_PAGE)
		host->page(host->context, own.prev)->next = own.next;
	else
		l->newest = own.next;
}
static uint32_t victim(void *state, const struct dime_policy_host *host) { return ((struct list *)state)->newest; }
static void clean(void *state, const struct dime_policy_host *host) {}
static const struct dime_policy_parameter parameters[] = { { "of", "nothing", 1, 0, 9, DIME_UNIT_NUMBER } };
const struct dime_policy_ops dime_policy = { .name = NAME, .summary = "newest first", .abi = DIME_POLICY_ABI,
	.state_bytes = sizeof(struct list), .init = init, .add_page = add_page, .remove_page = remove_page, .victim = victim, .clean = clean,
	.parameters = parameters, .parameter_count = 1 };
"""
SAFE = ("-nostdlib", "-mgeneral-regs-only", "-fno-stack-protector")


def built(name, source, *options):
    (scratch / f"{name}.c").write_text(source)
    include = SOURCE / "include"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", f"-I{include}", *options, scratch / f"{name}.c", "-o", scratch / f"{name}.so"], check=True)
    return f"./{name}.so"


def remote(policy, command, local="240p"):
    run = emulated(command, local, [*dime_test.UNDELAYED, "--policy", policy])
    same(native(command), run)
    return run


def test_decides(own):
    # 500 pages once, then the last 450 again: without the order of arrival, those that came early are still there.
    pages = [dime_test.WORKLOADS / "last_pages", 500, 450]
    counts = {policy: remote(policy, pages).result["faults"]["remote"] for policy in ("fifo", "mru,blind=ok", f"{own},of=3")}
    anywhere = remote(f"{own},blind=ok,of=3", pages)
    check(anywhere.result["config"]["policy_blind"], "blind=ok is seen in front of other parameters")
    fifo, mru, mine = counts.values()
    check(mru < 0.8 * fifo and abs(mine - mru) <= 0.05 * mru, f"remote accesses: {counts}")


def test_everywhere():
    own = built("second_chance", (SOURCE / "examples/policy/second_chance.c").read_text(), *SAFE)
    program = "import os, subprocess, sys; data = bytearray(4 << 20); pid = os.fork() or os._exit(sum(data) + 3); print(os.waitpid(pid, 0)[1], " \
              "subprocess.check_output(['/usr/bin/python3', '-c', 'print(len(bytearray(4 << 20)))']), sum(data))"
    run = remote(f"{own},blind=ok", ["/usr/bin/python3", "-c", program], "1500p")
    equal(run.result["config"]["policy"], "second-chance,blind=ok", "the policy in the result")
    check(run.result["config"]["policy_blind"], "that it is blind is in the result")
    check(len(run.result["processes"]) >= 3, f"processes: {run.result['processes']}")
    equal([path.name for path in dime_test.runtime.rglob("*policy*")], [], "files left behind")
    change = dime("set", "--policy", f"{own},blind=ok")
    check(change.status != 0 and "when the instance starts" in change.err, f"a live change: {change.err}")


def test_names_nonsense():
    """Pages that are not local, or do not exist, are no victims: the program computes what it does natively."""
    pages = [dime_test.WORKLOADS / "last_pages", 500, 450]
    for number, page in enumerate(("0", "77", "0x7fffffff", "DIME_NO_PAGE")):
        nonsense = NEWEST.replace("{ return ((struct list *)state)->newest; }", "{ return " + page + "; }")
        remote(built(f"nonsense{number}", nonsense, '-DNAME="nonsense"', *SAFE), pages)


def test_refused(own):
    def run(policy, *parts):
        refused(["run", "--policy", policy, "--", "true"], 125, *parts)

    run(f"{own},to=3", "to", "newest-first has of")
    run(f"{own},of=10", "of=10")
    run(built("lru", NEWEST, '-DNAME="lru"', *SAFE), "built-in policy called lru")
    run(built("long", NEWEST, f'-DNAME="{"x" * 40}"', *SAFE), "allowed: up to 31")
    run(built("float", NEWEST + "double half(double x) { return x / 2; }", '-DNAME="a"', "-nostdlib", "-fno-stack-protector"), "vector registers")
    run(built("thread", NEWEST + "static __thread int t; int own(void) { return t++; }", '-DNAME="a"', "-ftls-model=initial-exec", *SAFE), "thread-local")
    run(built("calls", NEWEST + "int puts(const char *); int say(void) { return puts(NAME); }", '-DNAME="a"', "-fno-stack-protector"), "needs")
    run("./missing.so", "./missing.so")
    (scratch / "cut.so").write_bytes((scratch / "newest.so").read_bytes()[:3000])
    run("./cut.so", "is cut")
    whole = (scratch / "newest.so").read_bytes()
    refused(["run", "--policy", f"{own},blind=ok", "--json", scratch / "newest.so", "--", "true"], 125, "the same file as --policy")
    equal((scratch / "newest.so").read_bytes(), whole, "the policy after a result in its place was refused")
    os.mkfifo(scratch / "fifo.so")
    run("./fifo.so", "not a regular file")


def test():
    os.chdir(scratch)
    own = built("newest", NEWEST, '-DNAME="newest-first"', *SAFE)
    test_decides(own)
    test_everywhere()
    test_names_nonsense()
    test_refused(own)


if __name__ == "__main__":
    dime_test.main(test)
