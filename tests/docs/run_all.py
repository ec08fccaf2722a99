# SPDX-License-Identifier: GPL-2.0
"""run_all.py: tests/run-all names what fails and then passes, fails above the budget or on a real failure, and ends with ctest's summary."""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

RUN_ALL = Path(__file__).resolve().parents[1] / "run-all"
PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(sample NONE)
enable_testing()
add_test(NAME good COMMAND true)
add_test(NAME once COMMAND sh -c "test -e once || { touch once; exit 1; }")
add_test(NAME other.5%.once COMMAND sh -c "test -e other || { touch other; exit 1; }")
add_test(NAME skipped COMMAND sh -c "exit 77")
set_tests_properties(skipped PROPERTIES SKIP_RETURN_CODE 77)
if(BAD)
  add_test(NAME bad COMMAND false)
endif()
"""


def run(allowed, bad=False):
    """Status, output, and whether the first log is there."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "CMakeLists.txt").write_text(PROJECT)
        (folder / "budget").write_text(f"# comment\n{allowed}\n")
        subprocess.run(["cmake", "-S", folder, "-B", folder / "build", f"-DBAD={int(bad)}"], stdout=subprocess.DEVNULL, check=True)
        done = subprocess.run([RUN_ALL, folder / "build", folder / "budget"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              env={**os.environ, "DIME_TEST_SLOWNESS": "1"})
        return done.returncode, done.stdout.decode().splitlines(), "once" in (folder / "build/check-first.log").read_text()


def check(condition, what, lines):
    if not condition:
        print("\n".join(lines))
        sys.exit(f"FAILED: {what}")


def main():
    status, lines, kept = run(2)
    check(status == 0 and kept, f"two flaky tests within a budget of two ended with {status}", lines)
    check("flaky: 2 tests: once other.5%.once" in lines, "they are not named", lines)
    check(lines[-1] == "100% tests passed, 0 tests failed out of 2", "the last line is not ctest's", lines)
    status, lines, kept = run(1)
    check(status == 1 and kept, f"two flaky tests above a budget of one ended with {status}", lines)
    check(lines[-1].endswith("2 tests failed out of 4"), "the last line", lines)
    status, lines, _ = run(2, bad=True)
    check(status != 0 and "flaky: 2 tests: once other.5%.once" in lines, f"a failing test beside flaky ones ended with {status}", lines)
    check(lines[-1].endswith("1 tests failed out of 3"), "the last line", lines)


if __name__ == "__main__":
    main()
