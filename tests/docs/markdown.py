# SPDX-License-Identifier: GPL-2.0
"""Markdown is written as markdown_style.rb says: mdl (Debian's ruby-mdl) finds nothing."""
import shutil
import subprocess
import sys
from pathlib import Path

import sources

STYLE = Path(__file__).resolve().parent / "markdown_style.rb"

if __name__ == "__main__":
    if not shutil.which("mdl"):
        print("SKIPPED: mdl is not installed: package ruby-mdl", file=sys.stderr)
        sys.exit(77)
    pages = [path for path in sources.files() if path.suffix == ".md"]
    # Not led by settings of the user's.
    command = ["mdl", "--config", "/dev/null", "--style", STYLE, *pages]
    found = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    sources.verdict([found.stdout.strip().replace(f"{sources.ROOT}/", "")] if found.returncode else [])
