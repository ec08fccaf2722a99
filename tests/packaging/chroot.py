# SPDX-License-Identifier: GPL-2.0
"""A clean Debian in a folder, made with the package sources of this machine, and commands that run inside of it."""
import re
import shutil
import subprocess
from pathlib import Path

from steps import machine, run, skip

# Own mounts and processes, which end with the command; nothing of this machine's environment.
ENTER = """
set -e
mount -t proc proc "$0/proc"
mount --bind /dev "$0/dev"
mount -t tmpfs -o mode=1777 tmpfs "$0/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$0/run"
exec chroot "$0" env -i DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/ TMPDIR=/tmp "$@"
"""


def codename():
    return re.search(r"^VERSION_CODENAME=(\w+)", Path("/etc/os-release").read_text(), re.MULTILINE)[1]


def check_possible():
    """Ends the test as skipped where there can be no chroot."""
    if not shutil.which("mmdebstrap"):
        skip("mmdebstrap is not installed")
    tried = subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], stderr=subprocess.PIPE, check=False)
    if run("id", "-u").strip() != "0" or tried.returncode != 0:
        skip("a chroot needs root with the right to mount")


def of_debian(text, one_line):
    """Those of package sources that are Debian's: their suites have its codename in front (bookworm-security)."""
    here = rf"{codename()}(?:-\w+)?"
    if one_line:
        return "".join(re.findall(rf"^deb (?:\[[^]]*\] )?\S+ {here} .*\n", f"{text}\n", re.MULTILINE))
    return "\n\n".join(part for part in re.split(r"\n\s*\n", text) if re.search(rf"^Suites: *{here}\b", part, re.MULTILINE))


def sources_for(suite, folder):
    """Debian's package sources as this machine has them, for another suite where that is asked for."""
    files = []
    for place in (Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))):
        if place.suffix in (".list", ".sources") and place.exists():
            copy = folder / place.name
            copy.write_text(re.sub(rf"\b{codename()}\b", suite, of_debian(place.read_text(), place.suffix == ".list")))
            files += [copy] if copy.read_text() else []
    return files or skip("this machine has no package sources of Debian")


def bootstrap(suite, target, packages, folder):
    """A clean Debian with these packages and what they need, in a folder or a tarball; skips where they cannot be fetched."""
    made = subprocess.run(["mmdebstrap", "--quiet", "--variant=apt", f"--include={','.join(packages)}", suite, target, *sources_for(suite, folder)],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=machine.patience(300), check=False)
    if made.returncode != 0:
        said = re.sub(r"//[^/ ]+/", "//.../", made.stdout.decode(errors="replace"))
        skip(f"no {suite} could be made with the package sources of this machine:\n{said[-1500:]}")


class Chroot:
    def __init__(self, suite, folder, packages):
        self.root = folder / suite
        self.root.mkdir()
        bootstrap(suite, self.root, packages, folder)

    def run(self, *command, seconds=120, user=None, status=0):
        inside = ["runuser", "-u", user, "--", *command] if user else command
        return run("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", ENTER, self.root, *inside, seconds=seconds,
                   status=status)

    def files(self):
        """Every file but the packager's own records, caches and logs."""
        left_out = re.compile(r"^(proc|sys|dev|run|tmp|packages|home|var/(lib/(apt|dpkg)|cache|log|backups|mail|spool))(/|$)")
        names = (str(path.relative_to(self.root)) for path in self.root.rglob("*"))
        return {name for name in names if not left_out.match(name)}
