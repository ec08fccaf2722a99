# SPDX-License-Identifier: GPL-2.0
"""Every C++ file is formatted as .clang-format says. `clang-format-16 -i FILE` fixes it.

C files, which are known by a /* comment in their first line, follow the kernel's style instead.
"""
import shutil
import subprocess
import sys

import sources

if __name__ == "__main__":
    if not shutil.which("clang-format-16"):
        print("SKIPPED: clang-format-16 is not installed", file=sys.stderr)
        sys.exit(77)
    found = [str(path) for path in sources.files() if path.suffix in (".cc", ".h") and not path.read_bytes().startswith(b"/*")]
    sys.exit(subprocess.run(["clang-format-16", "--dry-run", "-Werror", *found], check=False).returncode)
