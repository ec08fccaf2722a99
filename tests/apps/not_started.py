# SPDX-License-Identifier: GPL-2.0
"""A program in which the agent cannot start does not run at all: `dime run` ends with 125 and says why, and existing outputs stay as they
are. What a program starts under such conditions runs natively and is counted.
"""
import dime_test
from dime_test import check, dime, equal
from own_policy import SAFE, built

# Enough for `dime` and for small programs, and too little for what the agent reserves.
LIMIT_KIB = 500_000
FAILS = """
#include <dime/policy.h>
static int init(const struct dime_policy_ops *self, void *state, const struct dime_policy_host *host) { return -1; }
static int add_page(void *state, const struct dime_policy_host *host, uint32_t page) { return 0; }
static void remove_page(void *state, const struct dime_policy_host *host, uint32_t page) {}
static uint32_t victim(void *state, const struct dime_policy_host *host) { return DIME_NO_PAGE; }
static void clean(void *state, const struct dime_policy_host *host) {}
const struct dime_policy_ops dime_policy = { .name = "fails", .summary = "never begins", .abi = DIME_POLICY_ABI, .state_bytes = 8,
	.init = init, .add_page = add_page, .remove_page = remove_page, .victim = victim, .clean = clean };
"""
ECHO = ["/bin/echo", "begun"]


def refused(run, what):
    equal(run.status, 125, f"status {what} ({run.err})")
    equal(run.out, b"", f"output of a program that must not have begun, {what}")
    equal(run.err.count("dime: error: "), 1, f"errors {what}: {run.err}")
    check("could not start" in run.err, f"the reason {what}: {run.err}")


def limited(command):
    """The command under a limit of addresses that it can live with."""
    return ["/bin/sh", "-c", f'ulimit -v {LIMIT_KIB}; exec "$@"', "sh", *command]


def test():
    # Keeps a calibration, so that no probe finds out beforehand.
    run = dime("run", "--local", "25%", "--latency", "100us", "--", *ECHO)
    equal((run.status, run.out), (0, b"begun\n"), f"a run without limits ({run.err})")
    emulated = [dime_test.DIME, "run", "--local", "25%", "--latency", "100us", "--", *ECHO]
    run = dime_test.native(limited(dime_test.prepared(emulated)))
    refused(run, "under a limit of addresses")
    check("ulimit -v" in run.err, f"the hint is missing: {run.err}")
    fails = built("fails", FAILS, *SAFE)
    with_fails = [*dime_test.UNDELAYED, "--policy", f"{fails},blind=ok"]
    refused(dime("run", "--local", "25%", *with_fails, "--", *ECHO), "with a policy that fails")
    # What the outputs held before is not lost to a program that did not run.
    trace, result = dime_test.scratch / "old.trace", dime_test.scratch / "old.json"
    for path in (trace, result):
        path.write_text("old")
    outputs = ["-o", trace, "--json", result]
    recording = [dime_test.DIME, "record", "--latency", "100us", *outputs, "--", *ECHO]
    refused(dime_test.native(limited(dime_test.prepared(recording))), "under a limit of addresses, recorded")
    refused(dime("record", *with_fails, *outputs, "--", *ECHO), "with a policy that fails, recorded")
    refused(dime("run", "--local", "25%", *with_fails, "--json", result, "--", *ECHO), "with a policy that fails and --json")
    equal([path.read_text() for path in (trace, result)], ["old", "old"], "outputs of commands that failed")
    new = dime_test.scratch / "new.trace"
    refused(dime("record", *with_fails, "-o", new, "--", *ECHO), "with a policy that fails, recorded anew")
    check(not new.exists(), "a trace of a program that did not run")
    run = dime("record", "--latency", "100us", *outputs, "--", *ECHO)
    equal((run.status, run.out), (0, b"begun\n"), f"a recording in place of another file ({run.err})")
    equal(dime("trace", "--summary", trace).status, 0, "status of its summary")
    # A limit of the program's own, behind which it becomes another program.
    run = dime_test.emulated(limited(ECHO), "25%")
    equal((run.status, run.out), (0, b"begun\n"), f"a program under a limit of its own ({run.err})")
    # The inline path adds to the limit what the agent needs.
    if dime_test.FAULT_PATH == "thread":
        equal(run.result["not_followed"], 1, "programs in which the agent could not start")


if __name__ == "__main__":
    dime_test.main(test)
