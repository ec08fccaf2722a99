# SPDX-License-Identifier: GPL-2.0
"""A run keeps what it measured at its start and later ones take it from there; what is out of date, damaged or not to be had harms nobody."""
import json
import os
import shutil
import stat

import dime_test
from dime_test import check, equal

CACHE = dime_test.scratch / "cache"
# A busy machine is not as it was a moment ago: then a run measures, too.
TRIES = 40


def run(*options, env=None, status=0):
    done = dime_test.dime("run", "--fault-path", "inline", "--local", "50%", *(options or dime_test.UNDELAYED), "--", "true", env=env)
    equal(done.status, status, f"status with {options} ({done.err})")
    return done


def kept():
    files = sorted((CACHE / "dime").glob("calibration-*"))
    equal(len(files), 1, f"kept files: {files}")
    return files[0]


def is_used(change=None):
    """Whether a run that finds what is kept takes it and does not write it anew."""
    for _ in range(TRIES):
        run()
        if change:
            rewrite(change)
        before = kept().stat()
        done = run()
        if (kept().stat().st_mtime_ns, kept().stat().st_ino) == (before.st_mtime_ns, before.st_ino):
            print(f"a run with what is kept took {done.seconds * 1e3:.0f} ms")
            return True
    return False


def rewrite(change):
    value = json.loads(kept().read_text())
    change(value)
    kept().write_text(json.dumps(value))


def test_kept_and_used():
    first = run()
    print(f"a run that measures took {first.seconds * 1e3:.0f} ms")
    equal(stat.S_IMODE(kept().stat().st_mode), 0o600, "mode of the file")
    check(is_used(), "no run of many took what was kept")
    check(not is_used(lambda value: value["key"].update(boot="another")), "what is of another boot was used")


def test_harmless():
    """Floors that would refuse or raise a stall are measured; what cannot be used is made anew."""
    value = json.loads(kept().read_text())
    floor = round(8 * (value["fault_ns"] + value["signal_ns"]))
    asked = f"{floor // 2}ns"
    for options in (("--latency", asked), ("--latency", "10ms", "--at", "1s", f"latency={asked}")):
        rewrite(lambda value: value["calibration"].update(floor_ns=floor))
        run(*options)
        check(json.loads(kept().read_text())["calibration"]["floor_ns"] < floor, f"{options}: the floor was believed")
    for text in ("", "{", "null", '{"schema": 1}', "x" * 100_000):
        kept().write_text(text)
        run()
        check(json.loads(kept().read_text())["calibration"]["floor_ns"] > 0, f"{text[:20]!r} was not made anew")
    # Of the verdict a run says what it has to.
    found = {"measured_s": int(kept().stat().st_mtime) - 7300, "met_from_ns": 900_000_000}
    rewrite(lambda value: value.update(verdict=found))
    done = run("--latency", "10ms")
    check("2 h ago dime calibrate found stalls from 900 ms up to be met within 5 %" in done.err, f"no word on the verdict: {done.err}")
    equal(json.loads(kept().read_text())["verdict"], found, "verdict")
    check("dime calibrate" not in run().err, "a verdict although --allow-floor was given")


def test_nowhere():
    """No folder, one that others may write to, one that is a file: a run measures, and leaves nothing."""
    folder = dime_test.scratch / "open"
    (folder / "dime").mkdir(parents=True)
    (folder / "dime").chmod(0o777)
    (dime_test.scratch / "file").write_text("")
    for name in ("open", "file", "/proc/nowhere"):
        run(env={**os.environ, "XDG_CACHE_HOME": str(dime_test.scratch / name)})
    equal(list((folder / "dime").iterdir()), [], "left in a folder that others may write to")


def test_at_once():
    shutil.rmtree(CACHE)
    words = [dime_test.DIME, "run", "--fault-path", "inline", "--local", "50%", *dime_test.UNDELAYED, "--", "true"]
    runs = [dime_test.start(words) for _ in range(4)]
    for started in runs:
        equal(started.wait().status, 0, "status of runs at once")
    check(json.loads(kept().read_text())["calibration"]["floor_ns"] > 0, "not whole")
    equal([path.name for path in (CACHE / "dime").iterdir() if "-sites-" not in path.name], [kept().name], "left in the cache")


def test():
    test_kept_and_used()
    test_harmless()
    test_nowhere()
    test_at_once()


if __name__ == "__main__":
    dime_test.main(test)
