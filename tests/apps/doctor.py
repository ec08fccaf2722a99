# SPDX-License-Identifier: GPL-2.0
"""`dime doctor` says that this machine can emulate, in text and in JSON, and changes nothing; `dime policies` lists the policies."""
import json

import dime_test


def test():
    text = dime_test.dime("doctor")
    dime_test.equal(text.status, 0, f"status of dime doctor ({text.out} {text.err})")
    dime_test.check(b"userfaultfd" in text.out, f"dime doctor: {text.out}")
    report = dime_test.dime("doctor", "--json")
    dime_test.equal(report.status, 0, f"status of dime doctor --json ({report.err})")
    json.loads(report.out)
    policies = dime_test.dime("policies")
    for name in (b"fifo", b"random"):
        dime_test.check(name in policies.out, f"dime policies does not list {name}: {policies.out}")


if __name__ == "__main__":
    dime_test.main(test)
