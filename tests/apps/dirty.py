# SPDX-License-Identifier: GPL-2.0
"""A page that was only read since it was fetched is evicted clean and costs no write-back; one that was written is dirty."""
import dime_test

PROGRAM = dime_test.PROGRAMS / "touch_gaps"
OTHERS = 64  # pages of the stack, the C library and the like, each time round


def evictions(*words, options=()):
    run = dime_test.emulated([PROGRAM, 600, 700, *words], "300p", ("--latency", "30us", "--allow-floor", *options))
    dime_test.equal(run.status, 0, f"status ({run.err[-500:]})")
    seen, link = run.result["evictions"], run.result["link"]
    print(f"{' '.join(words) or 'write'}: {seen}, {link['bytes_tx']} bytes written back")
    return seen, link


def test():
    seen, link = evictions("read")
    # Every page of the program is written once, when it is filled, and read from then on.
    dime_test.check(seen["clean"] > 1000, f"only {seen['clean']} clean evictions of a program that reads")
    dime_test.check(seen["dirty"] <= 600 + OTHERS + seen["clean"] // 20, f"{seen['dirty']} dirty evictions of 600 pages")
    dime_test.equal(link["bytes_tx"], 4096 * seen["dirty"], "bytes_tx of the reading program")

    seen, link = evictions()
    dime_test.check(seen["dirty"] > 1000, f"only {seen['dirty']} dirty evictions of a program that writes")
    dime_test.check(seen["clean"] <= OTHERS + seen["dirty"] // 20, f"{seen['clean']} clean evictions of pages that were written")
    dime_test.equal(link["bytes_tx"], 4096 * seen["dirty"], "bytes_tx of the writing program")

    seen, link = evictions(options=("--no-writeback",))
    dime_test.check(seen["dirty"] > 1000, f"only {seen['dirty']} dirty evictions without write-back")
    dime_test.equal(link["bytes_tx"], 0, "bytes_tx without write-back")


if __name__ == "__main__":
    dime_test.main(test)
