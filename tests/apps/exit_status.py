# SPDX-License-Identifier: GPL-2.0
"""dime run ends as its program ends: its status, or 128 + signal; standard streams pass through untouched."""
import dime_test


def shell(script, **options):
    return dime_test.emulated(["sh", "-c", script], "100%", **options)


def test():
    for status in (0, 1, 2, 77, 124, 255):
        run = shell(f"exit {status}")
        dime_test.equal(run.status, status, "status")
        dime_test.equal(run.result["exit_status"], status, "exit_status in the result")
    for name, number in (("TERM", 15), ("KILL", 9), ("SEGV", 11), ("INT", 2), ("USR1", 10)):
        run = shell(f"kill -{name} $$")
        dime_test.equal(run.status, 128 + number, f"status after SIG{name}")
    data = bytes(range(256)) * 2000
    source = dime_test.scratch / "data"
    source.write_bytes(data)
    with open(source, "rb") as stdin:
        run = shell("cat; echo to-standard-error >&2", stdin=stdin)
    dime_test.equal(run.out, data, "standard output")
    dime_test.check("to-standard-error\n" in run.err, "standard error of the program is missing")
    run = dime_test.emulated(["printf", "%s|", "a b", "", "--local", "*", "--"], "100%")
    dime_test.equal(run.out, b"a b||--local|*|--|", "arguments")


if __name__ == "__main__":
    dime_test.main(test)
