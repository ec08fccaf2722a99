# SPDX-License-Identifier: GPL-2.0
"""What the checks of the sources share: the files of the repository, and a verdict."""
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GENERATED = {"build", ".git", ".cache", "__pycache__"}


def is_ours(path):
    return not any(part in GENERATED or part.startswith("build-") for part in path.relative_to(ROOT).parts)


def files():
    """The files under version control, or all but build folders where this is not a checkout."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                            check=False)
    if listed.returncode == 0 and listed.stdout:
        found = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    else:
        found = list(ROOT.rglob("*"))
    return sorted(path for path in found if path.is_file() and not path.is_symlink() and is_ours(path))


def name(path):
    return str(path.relative_to(ROOT))


def verdict(problems):
    """Ends the process: status 1 and the problems, one a line, or status 0."""
    for problem in problems:
        print(problem, file=sys.stderr)
    sys.exit(1 if problems else 0)
