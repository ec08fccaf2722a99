# SPDX-License-Identifier: GPL-2.0
"""sweep.py WHAT: dime sweep, over the small program `alternate`.

killed    killed 20 times at random moments and resumed, it ends with the same points as uninterrupted, and leaves no program behind;
          DIME_FUZZ_SEED repeats the moments
failures  what fails is named, its output is kept, and the rest goes on; a full disk loses nothing that was written
server    a server with a ready check and a client, natively and emulated
"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import dime_test
from dime_test import check, equal

ALTERNATE = dime_test.PROGRAMS / "alternate"
GRID = """
[grid]
fault-path = "thread"
latency = "0ns"
bandwidth = "unlimited"
allow-floor = true
local = ["100%", "200p"]
"""
RUN = """
[run]
repetitions = 2
limit = "60s"
"""


KILLS = 20


def write(name, text):
    path = dime_test.scratch / name
    path.write_text(text)
    return path


def program(*lines, command=None):
    words = json.dumps([str(word) for word in command or [ALTERNATE, 600, 4]])
    return "[program]\n" + f"command = {words}\n" + "".join(line + "\n" for line in lines)


def sweep(spec, output, *options, **more):
    return dime_test.dime("sweep", spec, "-o", output, *options, **more)


def lines_of(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def points(lines):
    """Program, native or options, and repetition of each run that counts."""
    return sorted((line["program"], line["native"] or "", json.dumps(line["point"]), line["repetition"]) for line in lines if line["status"] == "ok")


def running(word):
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                if word.encode() in file.read():
                    found.append(int(pid))
        except OSError:
            pass
    return found


def kill_and_resume(spec, killed, seconds, whole):
    """KILLS times SIGKILL while the sweep runs, whose runs take `seconds` each; where it ends before, it has to be whole, and begins anew."""
    seed = int(os.environ.get("DIME_FUZZ_SEED", time.time_ns() % 2**32))
    generator, kills, ends = random.Random(seed), 0, 0
    while kills < KILLS:
        started = dime_test.start([dime_test.DIME, "sweep", spec, "-o", killed, "--resume"])
        try:
            started.process.wait(generator.uniform(0, 2 * seconds))
        except subprocess.TimeoutExpired:
            started.process.kill()
            started.process.wait()
            kills += 1
            dime_test.wait_until(lambda: not running(str(ALTERNATE)), "the program of a killed sweep to end", seconds=20)
            continue
        ends += 1
        run = started.wait()
        equal(run.status, 0, f"seed {seed}: status of a resumed sweep ({run.err})")
        equal(points(lines_of(killed)), whole, f"seed {seed}: points after {kills} kills")
        killed.unlink()
        shutil.rmtree(f"{killed}.d", ignore_errors=True)
    kept = killed.read_text().count("\n") if killed.exists() else 0
    print(f"seed {seed}: {kills} kills, {ends} ends in between, {kept} of {len(whole)} runs after the last")


def test_killed():
    spec = write("spec.toml", program("name = 'a'", "check = 'output'") + GRID + RUN)
    whole = dime_test.scratch / "whole.jsonl"
    run = sweep(spec, whole)
    equal(run.status, 0, f"status of the uninterrupted sweep ({run.err})")
    lines = lines_of(whole)
    equal(len(lines), 2 * (2 + 2), "runs")
    equal(len(set(points(lines))), len(lines), "different runs")
    check(all(line["native"] for line in lines[:2]), "the first runs are not native")
    for line in lines:
        equal((line["schema"], line["kind"], line["status"]), (1, "sweep-run", "ok"), "schema, kind and status")
        check(line["wall_s"] > 0 and line["machine"]["kernel"], f"incomplete: {line}")
        equal(line["result"] is None, line["native"] is not None, "a result where emulated")
    emulated = [line for line in lines if not line["native"]]
    check(all(line["calibration"]["floor_ns"] > 0 for line in emulated), "no floor")
    check("slow-down" in run.out.decode() and "200p" in run.out.decode(), f"table: {run.out.decode()}")

    again = sweep(spec, whole)
    equal(again.status, 1, "status of a second sweep into the same file")
    check("--resume" in again.err, again.err)

    # The time of one run decides when to kill.
    seconds = run.seconds / len(lines)
    killed = dime_test.scratch / "killed.jsonl"
    kill_and_resume(spec, killed, seconds, points(lines))
    with open(killed, "a", encoding="utf-8") as file:
        file.write('{"schema": 1, "kind": "swe')
    run = sweep(spec, killed, "--resume")
    equal(run.status, 0, f"status of the resumed sweep ({run.err})")
    check("was cut" in run.err, f"no word on the cut line: {run.err}")
    equal(points(lines_of(killed)), points(lines), f"points after {KILLS} kills")

    changed = write("spec.toml", spec.read_text().replace("repetitions = 2", "repetitions = 3"))
    run = sweep(changed, killed, "--resume")
    equal(run.status, 1, "status with a changed spec")
    check("repetitions" in run.err and "--accept-changes" in run.err, run.err)
    run = sweep(changed, killed, "--resume", "--accept-changes", "--only", "local=100%")
    equal(run.status, 0, f"status with accepted changes ({run.err})")
    equal(len(lines_of(killed)), len(lines) + 3, "runs after a third repetition of one point and its native runs")

    started = dime_test.start([dime_test.DIME, "sweep", spec, "-o", dime_test.scratch / "stopped.jsonl"])
    dime_test.wait_until(lambda: running(str(ALTERNATE)), "the first run")
    started.process.send_signal(signal.SIGINT)
    run = started.wait()
    equal(run.status, 130, f"status after SIGINT ({run.err})")
    check("--resume" in run.err, run.err)
    equal(running(str(ALTERNATE)), [], "programs after SIGINT")


BAD = [
    ("[program\n", ["spec.toml:1"]),
    (program() + "[grid]\nlocal = []\n", ["spec.toml:4", "grid.local", "empty"]),
    (program() + "[grid]\nlocal = ['0%']\n", ["spec.toml:4", "--local 0%"]),
    (program() + "[grid]\nlocale = ['C']\n", ["spec.toml:4", "--locale", "unknown option"]),
    (program() + "[grid]\npolicy = ['none-such']\n", ["spec.toml:4", "--policy none-such", "fifo"]),
    (program() + "[grid]\nconfig = ['/no/such/file']\n", ["spec.toml:4", "/no/such/file"]),
    (program() + GRID + "[run]\nrepetitions = 'many'\n", ["run.repetitions", "1 to 1000"]),
]


def one_run(name, text, *options, status=1, **more):
    """Runs a spec whose program prints nothing useful; returns the lines and the run."""
    output = dime_test.scratch / f"{name}.jsonl"
    run = sweep(write("spec.toml", text), output, *options, **more)
    equal(run.status, status, f"{name}: status ({run.err})")
    return lines_of(output), run


def test_failures():
    for text, parts in BAD:
        run = sweep(write("spec.toml", text), dime_test.scratch / "bad.jsonl")
        equal(run.status, 2, f"status with {text!r}")
        check(not (dime_test.scratch / "bad.jsonl").exists(), f"{text!r}: a file of results")
        for part in ["dime: error: ", *parts]:
            check(part in run.err, f"{part} is not in the message on {text!r}:\n{run.err}")
    run = sweep(write("spec.toml", program() + GRID), dime_test.scratch / "bad.jsonl", "--only", "size=5")
    equal(run.status, 2, "status of --only with an unknown key")
    run = sweep(write("spec.toml", program() + GRID), "/no/such/folder/x")
    equal(run.status, 1, "status of an output that cannot be written")
    other = dime_test.scratch / "other.jsonl"
    other.write_text('{"schema": 9, "kind": "sweep-run"}\n')
    run = sweep(write("spec.toml", program() + GRID), other, "--resume")
    equal(run.status, 1, "status with another schema")
    check("other.jsonl:1" in run.err and "schema 9" in run.err, run.err)

    once = "[run]\nrepetitions = 1\nnative = ['no-thp']\n"
    lines, _ = one_run("metric", program("metric = { speed = 'speed: ([0-9]+)' }", command=["/bin/echo", "speed: none"]) + GRID + once)
    equal([line["status"] for line in lines], ["failed"], "a metric that matches nothing: the native run, and no other")
    check("metric 'speed' matches nothing" in lines[0]["problem"], lines[0]["problem"])
    kept = [path for path in (dime_test.scratch / "metric.jsonl.d" / "failed").iterdir() if path.suffix == ".out"]
    equal([path.read_text() for path in kept], ["speed: none\n"], "kept output")

    hang = f"""[ -n "$DIME_CONTROL$LD_PRELOAD" ] && exec sleep 611; echo 'rate: 5'"""
    spec = program("metric = 'rate: ([0-9]+)'", command=["/bin/sh", "-c", hang]) + GRID + once + "limit = '5s'\n"
    lines, run = one_run("hang", spec, "--only", "local=200p")
    equal([line["status"] for line in lines], ["ok", "failed"], f"a program that hangs where it is emulated ({run.err})")
    equal(lines[0]["metrics"], {"metric": 5}, "metrics")
    check("time limit of 5 s" in lines[1]["problem"], lines[1]["problem"])
    equal(running("sleep\x00611"), [], "programs left")

    lines, _ = one_run("differs", program("check = 'output'", command=["/bin/sh", "-c", "echo $LD_PRELOAD"]) + GRID + once)
    check("differs" in lines[1]["problem"], f"another output: {lines[1]['problem']}")
    lines, _ = one_run("status", program(command=["/bin/sh", "-c", "echo why >&2; exit 3"]) + GRID + once)
    check("status 3: why" in lines[0]["problem"], lines[0]["problem"])
    write("spec.toml", program(command=["/bin/sh", "-c", "exit 0"]) + GRID + once)
    run = sweep(dime_test.scratch / "spec.toml", dime_test.scratch / "status.jsonl", "--failed", "--accept-changes")
    equal(run.status, 0, f"status of --failed once it is fixed ({run.err})")
    equal(len(points(lines_of(dime_test.scratch / "status.jsonl"))), 3, "good runs after --failed")

    test_full_disk()


def test_full_disk():
    lines, _ = one_run("long", program() + GRID + RUN, status=0)
    size = len((dime_test.scratch / "long.jsonl").read_bytes())
    disk = dime_test.scratch / "disk"
    disk.mkdir()
    # What runs print, and the room below which a disk counts as full, are about 100 KiB.
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size * 2 // 3 + 64 * 1024}", "tmpfs", disk]
    if subprocess.run(mount, stderr=subprocess.DEVNULL, check=False).returncode != 0:
        print("a full disk is not tried: mounting one is not permitted")
        return
    try:
        more = RUN.replace("= 2", "= 9")
        full, run = one_run("disk/full", program() + GRID + more)
        check("No space left" in run.err and "kept" in run.err and "--resume" in run.err, run.err)
        check(full and all(line["status"] == "ok" for line in full), f"{len(full)} runs on the full disk")
        shutil.copy(disk / "full.jsonl", dime_test.scratch / "full.jsonl")
    finally:
        subprocess.run(["umount", disk], check=True)
    write("spec.toml", program() + GRID + RUN)
    run = sweep(dime_test.scratch / "spec.toml", dime_test.scratch / "full.jsonl", "--resume", "--accept-changes")
    equal(run.status, 0, f"status once there is room ({run.err})")
    check(set(points(lines)) <= set(points(lines_of(dime_test.scratch / "full.jsonl"))), "points once there is room")


def test_server():
    dime_test.requires("redis-server", "redis-cli", "redis-benchmark")
    socket = dime_test.scratch / "socket"
    redis = ["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--appendonly", "no"]
    client = f"client = 'redis-benchmark -s {socket} -n 2000 -d 200 -t set --csv'"
    ready = f"ready = 'redis-cli -s {socket} ping | grep -q PONG'"
    metric = """metric = { rate = '^"SET","([0-9.]+)"' }"""
    once = "[run]\nrepetitions = 1\nnative = ['no-thp']\n"
    spec = program("name = 'redis'", "folder = '{scratch}'", client, ready, metric, command=redis) + GRID + once
    lines, run = one_run("redis", spec, status=0)
    equal([line["status"] for line in lines], ["ok"] * 3, f"status of the runs ({run.err})")
    check(all(line["metrics"]["rate"] > 0 and line["server_exit_status"] == 0 for line in lines), "rates and the server's status")
    small = next(line for line in lines if line["point"].get("local") == "200p")
    check(small["result"]["faults"]["remote"] > 0, "no remote access of the server")
    check("rate" in run.out.decode(), "the table has no metric")

    lines, _ = one_run("client", program(client.replace("-t set", "-t set -a wrong"), ready, command=redis) + GRID + once)
    check("the client ended with status 1" in lines[0]["problem"], lines[0]["problem"])
    lines, _ = one_run("ended", program(client, ready, command=["/bin/sh", "-c", "echo no >&2; exit 4"]) + GRID + once)
    check("the server ended with status 4 before it was ready: no" in lines[0]["problem"], lines[0]["problem"])
    lines, _ = one_run("never", program(client, "ready = 'false'", "ready-limit = '1s'", command=["sleep", "612"]) + GRID + once)
    check("not ready within 1 s" in lines[0]["problem"], lines[0]["problem"])
    equal(running("sleep\x00612"), [], "servers left")


if __name__ == "__main__":
    dime_test.main(lambda what: getattr(sys.modules["__main__"], "test_" + what)())
