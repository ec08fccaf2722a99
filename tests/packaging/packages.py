# SPDX-License-Identifier: GPL-2.0
"""packages.py BUILD: makes the Debian packages in BUILD/packages of the programs in BUILD; lintian has nothing to say.
packages.py BUILD SUITE: they work in a clean Debian of that release.
packages.py BUILD SUITE --compile: the same with packages that are compiled there, as a user of it does. Takes as long as building.

There they are installed in an older version, upgraded, used by an ordinary user (manual page, completion, an emulated program, the
tutorial, programs that are built against libdime), removed and purged, and nothing is left. What is made on a release of Debian is for
that one and newer ones.
"""
import re
import shutil
import sys
import tempfile
from pathlib import Path

from chroot import Chroot, check_possible, codename
from steps import ROOT, check, run, skip

sys.path.insert(0, str(ROOT / "tests/docs"))
from commands import script_of  # noqa: E402

RELEASES = ["bookworm", "trixie", "forky"]
NAMES = ("dime", "libdime1", "libdime-dev", "dime-dkms", "dime-doc")
TOOLS = ["bash-completion", "cmake", "gcc", "libc6-dev", "make", "man-db", "passwd", "pkg-config", "python3-minimal"]
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
echo 'policy = "fifo"' > options.toml
dime run --config options.toml --local 25% --latency 20us --bandwidth 40Gbit/s --allow-floor -- sort -n numbers > sorted
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
    maintainer = {"DEBFULLNAME": "Who Tests & Packs", "DEBEMAIL": "tests@dime.invalid"}
    run(ROOT / "packaging/build-packages", "--prebuilt", build, "--output", output, seconds=240, environment=maintainer)
    for package in output.glob("*.deb"):
        check(run("dpkg-deb", "-f", package, "Maintainer").strip() == "{DEBFULLNAME} <{DEBEMAIL}>".format(**maintainer), f"{package}: its maintainer")
    changes, = output.glob("*.changes")
    if not shutil.which("lintian"):
        skip("the packages were made, but lintian is not installed")
    print(run("lintian", "--allow-root", "--profile", "debian", "--fail-on", "error,warning", changes, seconds=120))


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
    debian.run("bash", "-c", f"mkdir ~/tutorial && cd ~/tutorial\n{script_of(ROOT / 'docs/tutorial.md')}", user="tester", seconds=240)
    check(list(home.glob("tutorial/figures/*.svg")), "the tutorial ends without a figure")
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
    build, suite, compiled = Path(sys.argv[1]).resolve(), sys.argv[2] if len(sys.argv) > 2 else None, "--compile" in sys.argv
    if not shutil.which("dpkg-buildpackage") or not shutil.which("dh_dkms"):
        skip("dpkg-dev, debhelper or dh-dkms is not installed")
    if not suite:
        made_here(build)
        return
    if not compiled and {suite, codename()} <= set(RELEASES) and RELEASES.index(suite) < RELEASES.index(codename()):
        skip(f"packages that are made on {codename()} are not for {suite}, which is older")
    check_possible()
    # Not below a folder that others may not enter.
    with tempfile.TemporaryDirectory(prefix="dime-packages-", dir="/var/tmp") as scratch:
        folder = Path(scratch)
        folder.chmod(0o755)
        packages = made_inside(suite, folder) if compiled else sorted((build / "packages").glob("*.deb"))
        check({package.name.split("_")[0] for package in packages} >= set(NAMES), f"packages are missing: {packages}")
        in_clean_debian(suite, folder, packages)


if __name__ == "__main__":
    main()
