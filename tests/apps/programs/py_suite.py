# SPDX-License-Identifier: GPL-2.0
"""py_suite.py MODULE [-EXCLUDED..]: tests of Python's own suite (libpython3.11-testsuite), each with its outcome on a line.

EXCLUDED is a part of a test's id. Ends with status 77 where the suite is not installed. SECONDS=1 in the environment adds the times.
"""
import importlib
import os
import sys
import time
import unittest


class Outcomes(unittest.TestResult):
    """Writes "id: outcome" when a test ends; the reasons go to standard error."""

    def __init__(self, out):
        super().__init__()
        self.out = out

    def startTest(self, test):
        super().startTest(test)
        self.outcome = "ok"
        self.began = time.monotonic()

    def stopTest(self, test):
        super().stopTest(test)
        seconds = f" {time.monotonic() - self.began:.1f}" if "SECONDS" in os.environ else ""
        print(f"{test.id()}: {self.outcome}{seconds}", file=self.out, flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.outcome = "skipped"

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.outcome = "failed"

    def addError(self, test, err):
        super().addError(test, err)
        self.outcome = "error"

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.outcome = "failed"


def tests_of(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from tests_of(item)
        else:
            yield item


def main(name, *excluded):
    try:
        module = importlib.import_module(f"test.{name}")
    except ImportError as error:
        print(f"libpython3.11-testsuite is not installed: {error}", file=sys.stderr)
        sys.exit(77)
    words = [word.lstrip("-") for word in excluded]
    chosen = unittest.TestSuite(test for test in tests_of(unittest.defaultTestLoader.loadTestsFromModule(module))
                                if not any(word in test.id() for word in words))
    # What the tests themselves print has times and addresses in it.
    out = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    result = Outcomes(out)
    chosen.run(result)
    for test, text in result.failures + result.errors:
        print(f"== {test}\n{text}", file=sys.stderr)
    print(f"{result.testsRun} tests, {len(result.failures) + len(result.errors)} failed", file=out, flush=True)
    sys.exit(0 if result.wasSuccessful() else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
