# SPDX-License-Identifier: GPL-2.0
"""container.py BUILD: the commands of docs/howto/container.md make an image of packaging/Containerfile and run the quickstart's main job in it.

Podman gets a base that mmdebstrap made, because images of Debian are in registries that may not be reached, and a storage of its own.
"""
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from chroot import bootstrap, codename
from steps import ROOT, check, machine, run, skip

# Podman may be unable to raise limits, and crun not know the machine's cgroups.
LIMITS = "--ulimit nofile=1024:1024 --ulimit nproc=1000:1000"
WAYS = [("", ""), ("", LIMITS), ("--runtime runc", LIMITS)]
WRAPPER = """
set -eu
podman() {
  local what=$1 more=
  shift
  case $what in
    build) more="$LIMITS --network=host --build-arg BASE=localhost/base" ;;
    run) more="$LIMITS --env DIME_QUICKSTART_SECONDS=3" ;;
  esac
  command podman --root "$STORAGE/root" --runroot "$STORAGE/run" $RUNTIME "$what" $more "$@"
}
"""


def commands():
    """Those of the page that are marked for this test."""
    page = (ROOT / "docs/howto/container.md").read_text()
    return "".join(re.findall(r"^<!-- container -->\n```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL))


class Podman:
    def __init__(self, folder):
        self.folder = folder
        self.environment = {"STORAGE": str(folder / "storage"), "RUNTIME": "", "LIMITS": ""}

    def run(self, script, seconds=300, status=0):
        return run("bash", "-c", WRAPPER + script, cwd=self.folder / "tree", seconds=seconds, environment=self.environment, status=status)

    def start(self):
        """Finds a way in which containers run here."""
        bootstrap(codename(), self.folder / "base.tar", ["passwd"], self.folder)
        self.run("podman import --quiet ../base.tar localhost/base")
        said = ""
        for runtime, limits in WAYS:
            self.environment |= {"RUNTIME": runtime, "LIMITS": limits}
            said = self.run("podman run --rm --network=none localhost/base echo run$((40 + 2))s", status=None)
            if "run42s" in said:
                return
        skip(f"podman cannot run a container here: {said[-300:].strip()}")

    def end(self):
        # Layers may be mounted; what podman leaves is a folder of its own.
        subprocess.run(["bash", "-c", WRAPPER + "podman rmi --all --force; podman system prune --all --force"], cwd=self.folder / "tree",
                       env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **self.environment}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                       timeout=machine.patience(60), check=False)


def main():
    build = Path(sys.argv[1]).resolve()
    for tool in ("podman", "mmdebstrap", "jq"):
        if not shutil.which(tool):
            skip(f"{tool} is not installed")
    packages = list((build / "packages").glob("dime_*.deb"))
    if not packages:
        skip("the packages were not made")
    if run("id", "-u").strip() != "0":
        skip("mmdebstrap and podman get their rights by root here")
    with tempfile.TemporaryDirectory(prefix="dime-container-", dir="/var/tmp") as scratch:
        podman = Podman(Path(scratch))
        tree = podman.folder / "tree"
        for name in ("packaging/Containerfile", "quickstart"):
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)
        (tree / "build/packages").mkdir(parents=True)
        shutil.copy(packages[0], tree / "build/packages")
        try:
            podman.start()
            said = podman.run(commands(), seconds=400)
        finally:
            podman.end()
    check("times as long, with the same output" in said, f"the main job did not run:\n{said[-2000:]}")


if __name__ == "__main__":
    main()
