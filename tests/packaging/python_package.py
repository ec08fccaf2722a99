# SPDX-License-Identifier: GPL-2.0
"""python_package.py BUILD: pip installs the package from the tree without a network, its tests pass, and the example draws its curve."""
import shutil
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from steps import ROOT, check, machine, run, skip


def main():
    build = Path(sys.argv[1]).resolve()
    if "No module" in run("/usr/bin/python3", "-c", "import pip, setuptools; print('both')", status=None):
        skip("python3-pip or python3-setuptools is not installed")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        scratch = Path(folder)
        # setuptools writes beside the sources.
        shutil.copytree(ROOT / "python", scratch / "python")
        run("/usr/bin/python3", "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-index", "--no-deps", "--target",
            scratch / "site", scratch / "python")
        check((scratch / "site/dime/py.typed").exists(), "the installed package is not marked as typed")
        environment = {"PYTHONPATH": str(scratch / "site"), "PATH": f"{build}/bin:/usr/bin:/bin", "DIME_RUNTIME_DIR": folder}
        run("/usr/bin/python3", "-B", "-m", "unittest", "discover", "-s", ROOT / "python/tests", environment=environment)
        said = run("/usr/bin/python3", "-B", ROOT / "examples/slow_down.py", scratch / "curve.svg", "1", machine.work(20000), seconds=180,
                   environment=environment)
        points = ElementTree.parse(scratch / "curve.svg").findall(".//{http://www.w3.org/2000/svg}polyline")[1].get("points").split()
        check(len(points) == 5, f"a curve of {len(points)} points: {said}")
        if shutil.which("mypy"):
            run("mypy", "--strict", ROOT / "python/dime")


if __name__ == "__main__":
    main()
