# SPDX-License-Identifier: GPL-2.0
"""commands.py BUILD: the commands shown in the documentation and the scripts in examples/ run, and end with status 0.

A fenced block of shell commands that follows `<!-- run -->` is run in a scratch folder, all blocks of a page one after the other in one
shell; `dime` is the one that was built, whatever path a command gives. A block with `<!-- run: PROGRAM... -->` is left out where
one of the programs is missing. A block of any language that follows `<!-- file: NAME -->` is in that file there, and the folder has the
source tree's `include`, as its top folder does.
"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import sources

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import machine  # noqa: E402

BLOCK = re.compile(r"<!-- run(?::([^>]*))? -->\n+```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"<!-- file: (\S+) -->\n+```\w*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def script_of(page):
    parts = ["set -eu"]
    for needed, block in BLOCK.findall(page.read_text()):
        if all(shutil.which(program) for program in needed.split()):
            parts.append(re.sub(r"^\$ ", "", block, flags=re.MULTILINE).replace("build/bin/dime", "dime"))
        else:
            print(f"{sources.name(page)}: a block is left out, it needs {needed.strip()}")
    return "\n".join(parts) if len(parts) > 1 else ""


def run(what, command, build, files=()):
    with tempfile.TemporaryDirectory(prefix="dime-docs-") as folder, tempfile.TemporaryDirectory(dir="/dev/shm") as runtime:
        (Path(folder) / "include").symlink_to(sources.ROOT / "include")
        for name, content in files:
            (Path(folder) / name).write_text(content)
        environment = {**os.environ, "PATH": f"{build}/bin:/usr/bin:/bin", "LC_ALL": "C", "DIME_RUNTIME_DIR": runtime}
        result = subprocess.run(command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, timeout=machine.patience(240), check=False)
    return [] if result.returncode == 0 else [f"{what} ended with {result.returncode}:\n{result.stdout.decode(errors='replace')[-3000:]}"]


if __name__ == "__main__":
    build_folder = Path(sys.argv[1]).resolve()
    problems = []
    for page in (path for path in sources.files() if path.suffix == ".md"):
        if script := script_of(page):
            problems += run(sources.name(page), ["bash", "-xc", script], build_folder, FILE.findall(page.read_text()))
    for example in sorted((sources.ROOT / "examples").glob("*.sh")):
        problems += run(sources.name(example), [str(example)], build_folder)
    sources.verdict(problems)
