# SPDX-License-Identifier: GPL-2.0
"""packages.py BUILD [SUITE]: the Debian packages are made, lintian has nothing to say, and they work in a clean Debian.

There they are installed in an older version, upgraded, used by an ordinary user (manual page, completion, an emulated program, programs
that are built against libdime), removed and purged, and nothing is left. On this machine's own Debian they are made of the programs in
BUILD. For another SUITE they are compiled in its chroot, which takes as long as building does, so that `check` does not do it.
"""
import re
import shutil
import sys
import tempfile
from pathlib import Path

from chroot import Chroot, check_possible, codename
from steps import ROOT, check, run, skip

NAMES = ("dime", "libdime1", "libdime-dev", "dime-dkms", "dime-doc")
TOOLS = ["bash-completion", "cmake", "gcc", "libc6-dev", "make", "man-db", "pkg-config"]
PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(user C)
find_package(dime 1 REQUIRED)
add_executable(program program.c)
target_link_libraries(program PRIVATE dime::dime)
"""
PROGRAM = '#include <dime/dime.h>\nint main(void) { return dime_mark("phase"); }\n'
COMPLETE = """
. /usr/share/bash-completion/bash_completion
_completion_loader dime
COMP_WORDS=(dime run --pol) COMP_CWORD=2 COMP_LINE='dime run --pol' COMP_POINT=14
_dime
echo "${COMPREPLY[@]}"
"""
EMULATE = """
cd; seq 20000 | shuf > numbers
dime run --local 25% --latency 20us --bandwidth 40Gbit/s --allow-floor -- sort -n numbers > sorted
sort -n numbers | cmp - sorted
"""


def needs(package):
    """The names of the packages that one depends on, but for its own kind."""
    listed = run("dpkg-deb", "-f", package, "Depends")
    first = (re.split(r"[ |(:]", part.strip())[0] for part in listed.split(","))
    return [name for name in first if name and name.strip() not in NAMES]


def older(package, folder):
    """The same package with a lower version."""
    tree = folder / "tree"
    run("dpkg-deb", "-R", package, tree)
    control = tree / "DEBIAN/control"
    text = re.sub(r"^Version: .*", "Version: 0.9", control.read_text(), flags=re.MULTILINE)
    control.write_text(re.sub(r"(libdime1 \(= )[^)]*", r"\g<1>0.9", text))
    run("dpkg-deb", "-b", tree, folder)
    shutil.rmtree(tree)


def made_here(build):
    output = build / "packages"
    shutil.rmtree(output, ignore_errors=True)
    run(ROOT / "packaging/build-packages", "--prebuilt", build, "--output", output, seconds=240)
    changes, = output.glob("*.changes")
    if shutil.which("lintian"):
        said = run("lintian", "--allow-root", "--profile", "debian", "--fail-on", "error,warning", changes, seconds=120)
        print(said)
    return sorted(output.glob("*.deb"))


def made_inside(suite, folder):
    """Compiles them in a chroot of their own."""
    control = (ROOT / "packaging/debian/control").read_text()
    wanted = re.search(r"^Build-Depends:\n((?: .*\n)+)", control, re.MULTILINE)[1]
    names = [re.split(r"[ (]", line.strip(" ,"))[0] for line in wanted.splitlines()]
    place = folder / "build"
    place.mkdir()
    builder = Chroot(suite, place, [name for name in names if name != "debhelper-compat"] + ["build-essential", "debhelper", "git"])
    run("git", "-c", "safe.directory=*", "clone", "-q", ROOT, builder.root / "dime", seconds=60)
    builder.run("/dime/packaging/build-packages", "--output", "/packages", seconds=1500)
    return sorted(builder.root.glob("packages/*.deb"))


def use(debian):
    check("run a program with part" in debian.run("man", "-P", "cat", "dime-run", user="tester"), "no manual page")
    check("--policy" in debian.run("bash", "-c", COMPLETE, user="tester"), "bash does not complete --policy")
    check("remote" in debian.run("bash", "-ec", EMULATE, user="tester"), "no summary of an emulated run")
    home = debian.root / "home/tester"
    (home / "program.c").write_text(PROGRAM)
    (home / "CMakeLists.txt").write_text(PROJECT)
    debian.run("sh", "-ec", "cd; cc -Werror program.c -o by-pkg-config $(pkg-config --cflags --libs libdime) && ./by-pkg-config", user="tester")
    debian.run("sh", "-ec", "cd; cmake -B build && cmake --build build && build/program", user="tester")


def in_clean_debian(suite, folder, packages):
    debian = Chroot(suite, folder, sorted({*TOOLS, *(name for package in packages for name in needs(package))}))
    place = debian.root / "packages"
    (place / "old").mkdir(parents=True)
    for package in packages:
        if "dbgsym" not in package.name:
            shutil.copy(package, place)
            older(place / package.name, place / "old")
    debian.run("useradd", "--create-home", "--shell", "/bin/bash", "tester")
    before = debian.files()
    debian.run("sh", "-ec", "dpkg --install /packages/old/*.deb", seconds=90)
    debian.run("sh", "-ec", "dpkg --install /packages/*.deb", seconds=90)
    for name in NAMES:
        version = debian.run("dpkg-query", "-W", "-f", "${Version}", name)
        check(version != "0.9", f"{name} was not upgraded")
    use(debian)
    debian.run("dpkg", "--remove", *NAMES)
    debian.run("dpkg", "--purge", *NAMES)
    left = debian.files() - before
    check(not left, f"left after purge: {sorted(left)[:20]}")


def main():
    build, suite = Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else codename()
    if not shutil.which("dpkg-buildpackage") or not shutil.which("dh_dkms"):
        skip("dpkg-dev, debhelper or dh-dkms is not installed")
    check_possible()
    # Not below a folder that others may not enter.
    with tempfile.TemporaryDirectory(prefix="dime-packages-", dir="/var/tmp") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        packages = made_here(build) if suite == codename() else made_inside(suite, folder)
        check({package.name.split("_")[0] for package in packages} >= set(NAMES), f"packages are missing: {packages}")
        in_clean_debian(suite, folder, packages)


if __name__ == "__main__":
    main()
