# SPDX-License-Identifier: GPL-2.0
"""install.py BUILD: an installation honours DESTDIR and the GNU folders, may be moved, and serves programs that use libdime.

`dime` of the moved installation emulates a program with the agent that was installed with it; a C program is built and run by
pkg-config and by find_package(dime). The tarball of `cpack` holds the same files.
"""
import re
import sys
import tarfile
import tempfile
from pathlib import Path

from steps import ROOT, check, run

PROGRAM = """
#include <dime/dime.h>
#include <dime/version.h>
#include <stdio.h>
int main(void) { return dime_mark("phase") != 0 || puts(DIME_VERSION) < 0; }
"""
PROJECT = """
cmake_minimum_required(VERSION 3.25)
project(user C)
find_package(dime 1 REQUIRED)
foreach(library dime static)
  add_executable(with-${library} program.c)
  target_link_libraries(with-${library} PRIVATE dime::${library})
endforeach()
"""


def files_of(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}


def installed(build, scratch):
    """Installs below DESTDIR, and moves the prefix elsewhere."""
    run("cmake", "--install", build, "--prefix", "/opt/here", seconds=60, environment={"DESTDIR": str(scratch / "stage")})
    check({path.name for path in (scratch / "stage").iterdir()} == {"opt"}, "something was installed outside of the prefix")
    (scratch / "stage/opt/here").rename(scratch / "moved")
    return scratch / "moved"


def check_emulates(dime, scratch):
    text = run(dime, "run", "--local", "200p", "--allow-floor", "--fault-path", "inline", "--", "/usr/bin/seq", "-s+", "20000",
               environment={"DIME_RUNTIME_DIR": str(scratch)})
    check("fifo" in text, f"no summary of an emulated run: {text[-500:]}")


def check_refused(prefix, scratch):
    """What the dynamic loader could not find is said at once."""
    prefix.rename(scratch / "with space")
    text = run(scratch / "with space/bin/dime", "run", "--", "/usr/bin/true", status=125, environment={"DIME_RUNTIME_DIR": str(scratch)})
    check("spaces or colons" in text and "ld.so" not in text, f"a path with a space: {text}")
    (scratch / "with space").rename(prefix)


def check_library(prefix, scratch, version):
    (scratch / "program.c").write_text(PROGRAM)
    (scratch / "CMakeLists.txt").write_text(PROJECT)
    pkgconfig, = (path.parent for path in prefix.rglob("libdime.pc"))
    flags = run("pkg-config", "--cflags", "--libs", "libdime", environment={"PKG_CONFIG_PATH": str(pkgconfig)}).split()
    run("cc", "-Wall", "-Werror", "program.c", "-o", "by-pkg-config", *flags, f"-Wl,-rpath,{pkgconfig.parent}", cwd=scratch)
    run("cmake", "-S", scratch, "-B", scratch / "build", f"-DCMAKE_PREFIX_PATH={prefix}")
    run("cmake", "--build", scratch / "build")
    for program in ("by-pkg-config", "build/with-dime", "build/with-static"):
        check(run(scratch / program).strip() == version, f"{program} does not print {version}")


def check_tarball(build, scratch, expected, version):
    run("cpack", "--config", build / "CPackConfig.cmake", "-G", "TXZ", "-B", scratch / "tarball", seconds=180)
    tarball, = (scratch / "tarball").glob("*.tar.xz")
    with tarfile.open(tarball) as archive:
        archive.extractall(scratch / "unpacked")
    top, = (scratch / "unpacked").iterdir()
    # It carries libraries, because it is for other distributions, too.
    run("cmake", "--install", build, "--prefix", scratch / "more", "--component", "carried")
    carried = files_of(scratch / "more")
    check(any("libZydis" in name for name in carried), f"the tarball carries {sorted(carried)}")
    expected = expected | carried
    check(top.name == f"dime-{version}-Linux-x86_64", f"the tarball's folder is {top.name}")
    check(files_of(top) == expected, f"the tarball has other files: {sorted(files_of(top) ^ expected)}")
    check_emulates(top / "bin/dime", scratch)


def main():
    build = Path(sys.argv[1])
    version = re.search(r'DIME_VERSION "([^"]+)"', (ROOT / "include/dime/version.h").read_text())[1]
    # Below /tmp, because the path of an agent has a longest length.
    with tempfile.TemporaryDirectory(prefix="dime-", dir="/tmp") as folder:
        scratch = Path(folder)
        prefix = installed(build, scratch)
        check_emulates(prefix / "bin/dime", scratch)
        check_refused(prefix, scratch)
        check_library(prefix, scratch, version)
        check_tarball(build, scratch, files_of(prefix), version)


if __name__ == "__main__":
    main()
