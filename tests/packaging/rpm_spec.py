# SPDX-License-Identifier: GPL-2.0
"""rpm_spec.py BUILD: packaging/dime.spec is valid, and its packages hold what is installed: every file in one of them, and no other."""
import re
import shutil
import sys
import tempfile
from fnmatch import fnmatch
from pathlib import Path

from steps import ROOT, check, run, skip


# There only where npm made the page of dime report.
MADE_BY_NPM = {"/usr/share/dime"}


def main():
    build = Path(sys.argv[1]).resolve()
    if not shutil.which("rpmspec"):
        skip("rpm is not installed")
    if not (build / "man").is_dir():
        skip("the manual pages were not built: pandoc is not installed")
    # The spec's macros of Fedora, which Debian's rpm does not have.
    macros = {"cmake": "cmake", "cmake_build": "cmake --build", "cmake_install": "cmake --install", "_libdir": "/usr/lib",
              "autosetup": "true"}
    defined = [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]
    spec = run("rpmspec", "--parse", *defined, ROOT / "packaging/dime.spec")
    check("%{" not in spec, f"a macro is not known: {re.findall(r'%{[^}]*}', spec)[:3]}")
    patterns = [line for part in re.split(r"^%files.*\n", spec, flags=re.MULTILINE)[1:]
                for line in part.split("\n%")[0].splitlines() if line.startswith("/")]
    with tempfile.TemporaryDirectory() as stage:
        run("cmake", "--install", build, "--prefix", "/usr", environment={"DESTDIR": stage})
        files = ["/" + str(path.relative_to(stage)) for path in Path(stage).rglob("*") if not path.is_dir()]
    found = {name: [pattern for pattern in patterns if fnmatch(name, pattern) or name.startswith(pattern + "/")] for name in files}
    wrong = {name: matching for name, matching in found.items() if len(matching) != 1}
    check(not wrong, f"not in one package: {wrong}")
    unused = [pattern for pattern in patterns if pattern not in MADE_BY_NPM and not any(pattern in matching for matching in found.values())]
    check(not unused, f"nothing is installed for {unused}")


if __name__ == "__main__":
    main()
