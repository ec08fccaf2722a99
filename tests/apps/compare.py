# SPDX-License-Identifier: GPL-2.0
"""compare.py [--forks] LOCAL PROGRAM [ARGUMENTS]: the same output and status as natively, within the limit, with remote accesses.

--forks: forked children inherit local pages above the limit (the result counts them apart), so the peak is not held to it.
A program that ends natively with status 77 says on standard error why it cannot run here.
A file named *.in among the arguments is read as standard input.
"""
from pathlib import Path

import dime_test
from limits import check_limit


def test(*words):
    forks = words[0] == "--forks"
    local, *command = words[1:] if forks else words
    if "/" not in command[0]:
        dime_test.requires(command[0])
    source = command.pop() if command[-1].endswith(".in") else "/dev/null"
    with open(source, "rb") as stdin:
        expected = dime_test.native(command, stdin=stdin)
    if expected.status == dime_test.SKIPPED:
        dime_test.skip(expected.err.strip())
    dime_test.check(expected.status == 0, f"the native run failed: {expected.status} {expected.err}")
    with open(source, "rb") as stdin:
        run = dime_test.emulated(command, local, stdin=stdin)
    dime_test.same(expected, run)
    faults = run.result["faults"]
    print(f"native {expected.seconds:.2f} s, emulated {run.seconds:.2f} s, faults {faults}, pages {run.result['pages']}")
    if not forks:
        check_limit(local, run)
    # The inline path leaves thread stacks local: a program that uses little else has no remote page.
    inline = run.result["dime"]["fault_path"] == "inline"
    stacks_only = Path(command[0]).name in ("deep_recursion", "thread_churn")
    if local != "100%" and not (inline and stacks_only):
        dime_test.check(faults["remote"] > 0, "no remote access: nothing was emulated")


if __name__ == "__main__":
    dime_test.main(test)
