# SPDX-License-Identifier: GPL-2.0
"""Debian's source packages, by an apt configuration of our own: the machine's sources with the types of their lines changed to deb-src.

Nothing of the machine's own configuration is touched, and no rights are needed.
"""
import fcntl
import re
import subprocess
import time
from pathlib import Path

MOST_AGE = 24 * 3600


class Unavailable(Exception):
    """The sources cannot be had here; the text says why."""


def as_sources(path):
    """The text of a file of apt's, asking for source packages."""
    text = path.read_text(errors="replace")
    if path.suffix == ".sources":
        return re.sub(r"(?m)^Types:.*$", "Types: deb-src", text)
    return "".join(re.sub(r"^deb\s", "deb-src ", line) + "\n" for line in text.splitlines() if re.match(r"deb\s", line))


def options(folder):
    return [word for name, value in (("Dir::Etc::sourcelist", "/dev/null"), ("Dir::Etc::sourceparts", folder / "parts"),
                                     ("Dir::State::lists", folder / "lists"), ("Dir::Cache", folder / "cache"),
                                     ("APT::Sandbox::User", "")) for word in ("-o", f"{name}={value}")]


def last_line(done):
    lines = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()
    return re.sub(r"\S*://\S*", "(address)", lines[-1])[:200] if lines else f"status {done.returncode}"


def command(words, cwd=None):
    try:
        return subprocess.run([str(word) for word in words], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              encoding="utf-8", errors="replace", timeout=600, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{words[0]}: {error}") from error


def update(folder):
    """Fetches the lists, once a day."""
    stamp = folder / "updated"
    if stamp.exists() and time.time() - stamp.stat().st_mtime < MOST_AGE:
        return
    for name in ("parts", "lists/partial", "cache/archives/partial"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    etc = Path("/etc/apt")
    for path in [etc / "sources.list", *etc.glob("sources.list.d/*.list"), *etc.glob("sources.list.d/*.sources")]:
        if path.exists():
            (folder / "parts" / path.name).write_text(as_sources(path))
    # Third parties' archives often have no source packages; what can be had of the others is asked for below.
    done = command(["apt-get", *options(folder), "-q", "update"])
    if not any((folder / "lists").glob("*Sources*")):
        raise Unavailable(f"no lists of source packages: {last_line(done)}")
    stamp.touch()


def versions(package, folder):
    """Newest first."""
    done = command(["apt-cache", *options(folder), "showsrc", "--only-source", package])
    found = list(dict.fromkeys(re.findall(r"(?m)^Version: (\S+)", done.stdout)))
    if not found:
        raise Unavailable(f"no source package {package}: {last_line(done)}")
    found.sort(key=lambda version: [int(word) if word.isdigit() else 0 for word in re.split(r"\D+", version)], reverse=True)
    return found


def unpacked(package, cache):
    """The folder of the unpacked source package; fetched if it is not there. Several processes may ask at once."""
    cache.mkdir(parents=True, exist_ok=True)
    folder = cache / package
    with open(cache / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / "source").exists():
            return folder / "source"
        update(cache / "apt")
        folder.mkdir(exist_ok=True)
        done = None
        # A mirror may not have what its lists name: security updates that were replaced since.
        for version in versions(package, cache / "apt"):
            done = command(["apt-get", *options(cache / "apt"), "-q", "source", "--only-source", f"{package}={version}"], cwd=folder)
            trees = [path for path in folder.iterdir() if path.is_dir()]
            if done.returncode == 0 and len(trees) == 1:
                trees[0].rename(folder / "source")
                return folder / "source"
        raise Unavailable(f"source package {package}: {last_line(done)}")
