# SPDX-License-Identifier: GPL-2.0
"""Corners of processes, threads, signals and filters (programs/process_edges.cc): as natively, each in a child; then as a whole program."""
import dime_test

CASES = """raw-exit own-raw-exit last-thread child-on-heap child-on-mapping child-with-copy growing-down small-stack stack-in-bss
    bad-environment exec-of-fifo exec-of-descriptor mount-namespace few-calls asks-for-filters strict dispatch
    sent-bus sent-sys real-bus nested-bus nested-sys suspended-bus suspended-sys descriptors-of-thread""".split()
# What holds on the inline path only (docs/limits.md).
ONE_THREAD = ["few-calls-all", "user-namespace", "limit-of-addresses", "limit-of-data"]
# Of the first process; where everything is local, no system call outside of the C library is seen.
WHOLE = [("raw-exit", "64p"), ("own-raw-exit", "100%"), ("last-thread", "64p"), ("strict", "64p"), ("few-calls", "64p")]


def compare(local, *words):
    command = [dime_test.PROGRAMS / "process_edges", *words]
    expected = dime_test.native(command)
    dime_test.same(expected, dime_test.emulated(command, local))
    return expected


def test():
    cases = CASES + (ONE_THREAD if dime_test.FAULT_PATH == "inline" else [])
    expected = compare("64p", *cases)
    dime_test.equal(expected.status, 0, "status of the native run")
    print(expected.out.decode())
    for case, local in WHOLE:
        print(case, compare(local, "here", case).status)


if __name__ == "__main__":
    dime_test.main(test)
