# SPDX-License-Identifier: GPL-2.0
"""What the tests of packaging share: running a step with a limit, and what is said when it fails."""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
import machine  # noqa: E402


def skip(why):
    print(f"SKIPPED: {why}", file=sys.stderr)
    sys.exit(77)


def check(condition, what):
    if not condition:
        sys.exit(f"FAILED: {what}")


def run(*command, seconds=120, cwd=None, status=0, environment=None):
    """The output of a command, standard error behind standard output; ends the test where its status is another."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=cwd, env={**os.environ, "LC_ALL": "C.UTF-8", **(environment or {})}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=machine.patience(seconds), check=False)
    text = done.stdout.decode(errors="replace")
    if status is not None and done.returncode != status:
        sys.exit(f"FAILED: {' '.join(words)} ended with {done.returncode}:\n{text[-4000:]}")
    return text
