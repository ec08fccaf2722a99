# SPDX-License-Identifier: GPL-2.0
"""A suite: programs/NAME.sh, which says how to run the test cases of a Debian source package with the installed programs.

Its head has lines "# KEY: VALUE":
  source    the source package                         (none: what `packages` installs is enough)
  packages  the binary packages that are tested, or that the cases need
  copy      what a run changes, of the unpacked source (default: nothing)
  check     the cases that belong to ./check, as patterns (default: none)
  seconds   how long a case may take on a fast machine (default: 60)
It defines run_case NAME, whose status is compared; and, as far as needed,
  cases     prints the names of the cases              (default: one, `all`)
  prepare   builds what is missing, once, in the unpacked source
  result    reads a case's output, prints what else is to be compared
They are called with SOURCE, the unpacked source, and where they run a case in a folder of their own, which is WORK.
"""
import fnmatch
import fcntl
import os
import re
import shutil
import subprocess
from pathlib import Path

import sources

HERE = Path(__file__).resolve().parent


class Suite:
    def __init__(self, name, cache):
        self.name = name
        self.path = HERE / "programs" / f"{name}.sh"
        self.cache = cache
        self.said = dict(re.findall(r"(?m)^# (source|packages|copy|check|seconds): (.*)$", self.path.read_text()))
        self.seconds = float(self.said.get("seconds", 60))
        self.source = None

    def words(self, key):
        return self.said.get(key, "").split()

    def environment(self):
        return {**os.environ, "SOURCE": str(self.source), "LC_ALL": "C", "SUITES": str(HERE)}

    def call(self, function, stdin=None, cwd=None, seconds=1800):
        """What a function of the suite prints; of a function that it does not have, nothing."""
        script = '. "$0"; if declare -F "$1" >/dev/null; then "$1"; fi'
        done = subprocess.run(["bash", "-c", script, self.path, function], input=stdin, cwd=cwd or self.source, env=self.environment(),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=seconds, check=False)
        if done.returncode:
            raise sources.Unavailable(f"{self.name}: {function}: status {done.returncode}: {done.stderr.decode(errors='replace')[-300:].strip()}")
        return done.stdout.decode(errors="replace")

    def prepare(self):
        """Fetches and builds; raises sources.Unavailable."""
        for package in self.words("packages"):
            found = subprocess.run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev}", package], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                   encoding="utf-8", check=False)
            if not found.stdout.startswith("ii"):
                raise sources.Unavailable(f"package {package} is not installed")
        if "source" not in self.said:
            self.cache.mkdir(parents=True, exist_ok=True)
            self.source = self.cache
            return
        self.source = sources.unpacked(self.said["source"], self.cache)
        with open(self.source.parent / "lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            stamp = self.source.parent / f"prepared-{self.name}"
            if not stamp.exists():
                self.call("prepare")
                stamp.touch()

    def cases(self, whole):
        names = self.call("cases").split() or ["all"]
        if whole:
            return names
        patterns = self.words("check")
        return [name for name in names if any(fnmatch.fnmatch(name, pattern) for pattern in patterns)]

    def fill(self, folder):
        """Makes the folder of a run."""
        for part in self.words("copy"):
            target = folder / part
            target.parent.mkdir(parents=True, exist_ok=True)
            if (self.source / part).is_dir():
                shutil.copytree(self.source / part, target, symlinks=True, dirs_exist_ok=True)
            else:
                shutil.copy2(self.source / part, target)

    def results(self, folder, names):
        """For each case its status, and what `result` makes of its output."""
        statuses = folder / "statuses"
        found = dict(line.rsplit(" ", 1) for line in statuses.read_text().splitlines()) if statuses.exists() else {}
        has_result = "\nresult()" in self.path.read_text()
        got = {}
        for name in names:
            log = folder / "logs" / name.replace("/", ",")
            more = self.call("result", stdin=log.read_bytes(), cwd=folder) if has_result and log.exists() else ""
            got[name] = (found.get(name, "did not run"), more)
        return got


def all_names():
    return sorted(path.stem for path in (HERE / "programs").glob("*.sh"))
