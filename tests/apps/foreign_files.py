# SPDX-License-Identifier: GPL-2.0
"""Files of other users, and what else may lie where control blocks and links are looked for: refused by one line, never believed, and
never a reason for a program to die or hang.
"""
import json
import os
import shutil
import stat
import subprocess

import dime_test

NOBODY = 65534
LOOPS = ["python3", "-c", "print(sum(range(100000)))"]


def agent():
    return dime_test.BUILD / "lib" / "libdime-agent.so"


def started_with(control):
    """A program that finds the agent and `control` in its environment, as programs do that members start."""
    return subprocess.run(LOOPS, env={**os.environ, "LD_PRELOAD": str(agent()), "DIME_CONTROL": str(control)}, timeout=60,
                          capture_output=True, check=False)


def agent_believes_no_other_file():
    """The agent in a program that is started with something else than a block of this user."""
    running = dime_test.start([dime_test.DIME, "run", *dime_test.UNDELAYED, "--local", "50%", "--", "sleep", "60"])
    dime_test.wait_until(dime_test.instances, "the instance")
    block = next(dime_test.runtime.glob("dime-*-0"))
    whole = block.read_bytes()
    dime_test.equal(started_with(block).returncode, 0, "status of a program started with the block itself")
    status = json.loads(dime_test.dime("status", "--json").out)
    dime_test.check(status["instances"][0]["faults"]["first_touch"] > 100, "the agent was not even loaded")
    folder = dime_test.scratch / "blocks"
    folder.mkdir()
    for name, content, mode, owner in (("empty", b"", 0o600, 0), ("short", whole[:-1], 0o600, 0), ("longer", whole + b"x", 0o600, 0),
                                       ("open", whole, 0o666, 0), ("group", whole, 0o620, 0), ("foreign", whole, 0o600, NOBODY)):
        path = folder / name
        path.write_bytes(content)
        path.chmod(mode)
        if owner:
            if os.geteuid() != 0:
                continue
            os.chown(path, owner, owner)
    (folder / "link").symlink_to(block)
    (folder / "folder").mkdir()
    os.mkfifo(folder / "fifo")
    for path in sorted(folder.iterdir()):
        before = path.read_bytes() if path.is_file() else b""
        run = started_with(path)
        dime_test.equal((run.returncode, run.stdout), (0, b"4999950000\n"), f"a program started with {path.name} as its block")
        if path.is_file() and not path.is_symlink():
            dime_test.equal(path.read_bytes() == before, True, f"{path.name} is as it was")
    deep = dime_test.scratch / ("d" * 120) / ("e" * 120)
    deep.mkdir(parents=True)
    shutil.copy(block, deep / "dime-0-12")
    dime_test.equal(started_with(deep / "dime-0-12").returncode, 0, "status with a path that is too long")
    running.process.terminate()
    running.wait()


def links_are_checked():
    """A named link that is something else than a link file of this user."""
    link = dime_test.runtime / f"dime-{os.geteuid()}-link-rack"
    for kind in ("fifo", "short", "open", "symlink"):
        if kind == "fifo":
            os.mkfifo(link)
        elif kind == "symlink":
            link.symlink_to(dime_test.scratch / "elsewhere")
        else:
            link.write_bytes(b"x" * 40)
            link.chmod(0o666 if kind == "open" else 0o600)
        # An instance that names it keeps `dime` from removing what lies there beforehand.
        run = dime_test.dime("run", "--local", "50%", *dime_test.UNDELAYED, "--link", "rack", "--", "true")
        dime_test.check(run.status in (0, 125), f"{kind} as a link: status {run.status} ({run.err})")
        dime_test.check(run.seconds < 60, f"{kind} as a link: {run.seconds} s")
        link.unlink(missing_ok=True)
    dime_test.check(not (dime_test.scratch / "elsewhere").exists(), "a symbolic link was followed")


def names_cannot_be_taken():
    """In a folder that all users share, nobody can take the names of another user's instances."""
    shared = dime_test.scratch / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    environment = {**os.environ, "DIME_RUNTIME_DIR": str(shared)}
    user = os.geteuid()
    for name in (f"dime-{user}-0", f"dime-{user}-link-rack"):
        (shared / name).write_text("taken")
    run = dime_test.dime("run", "--local", "50%", *dime_test.UNDELAYED, "--link", "rack", "--instance", "0", "--", "true", env=environment)
    dime_test.equal(run.status, 0, f"status with the names taken ({run.err})")
    own = shared / f"dime-{user}"
    dime_test.equal(stat.S_IMODE(own.stat().st_mode), 0o700, "mode of the folder")
    dime_test.equal([path.name for path in own.iterdir() if "-sites-" not in path.name], [], "left in the folder")
    own.chmod(0o755)
    run = dime_test.dime("status", env=environment)
    dime_test.check(run.status == 1 and "open to other users" in run.err and f"chmod 700 {own}" in run.err, f"status: {run.err}")
    shutil.rmtree(own)
    if user == 0:
        own.mkdir(mode=0o700)
        os.chown(own, NOBODY, NOBODY)
        run = dime_test.dime("run", "--local", "50%", "--", "true", env=environment)
        dime_test.equal(run.status, 125, "status where the folder is another user's")
        dime_test.equal(run.err.count("dime: error: "), 1, f"error lines in {run.err}")
        dime_test.check("belongs to user 65534" in run.err, run.err)


def long_paths_are_refused():
    folder = dime_test.scratch / ("l" * 200) / ("m" * 40)
    folder.mkdir(parents=True)
    run = dime_test.dime("run", "--local", "50%", "--", "true", env={**os.environ, "DIME_RUNTIME_DIR": str(folder)})
    dime_test.check(run.status == 125 and "allowed: up to 255" in run.err, f"a long folder: {run.status} {run.err}")
    dime_test.equal([path.name for path in folder.iterdir() if "-sites-" not in path.name], [], "left in the long folder")


def test():
    agent_believes_no_other_file()
    links_are_checked()
    names_cannot_be_taken()
    long_paths_are_refused()


if __name__ == "__main__":
    dime_test.main(test)
