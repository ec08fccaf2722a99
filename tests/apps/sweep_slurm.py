# SPDX-License-Identifier: GPL-2.0
"""dime sweep --executor slurm against a real Slurm of one node: the points of a local sweep, with a task that is killed by a requeue in the
middle, more tasks than an array may have, tasks whose results exist, and failed ones again."""
import os
import subprocess

import dime_test
from dime_test import check, equal
from slurm_cluster import Slurm
from sweep import GRID, lines_of, points, program, running, sweep, write

RUN = """
[run]
repetitions = 2
native = ["no-thp"]
[slurm]
points-per-task = 1
concurrent = 2
options = ["--ntasks=1"]
"""
ARRAY = 2  # MaxArraySize; there is one task more


def in_arrays(lines):
    return {line["slurm"]["job"] for line in lines}


def test_sweeps(slurm):
    grid = GRID.replace('"200p"', '"300p", "200p"')
    spec = write("spec.toml", program("name = 'a'", command=["/bin/sh", "-c", f"sleep 1; exec {dime_test.PROGRAMS}/alternate 600 4"]) + grid + RUN)
    local = dime_test.scratch / "local.jsonl"
    equal(sweep(spec, local).status, 0, "status of the local sweep")
    output = dime_test.scratch / "slurm.jsonl"
    run = sweep(spec, output, "--executor", "slurm")
    equal(run.status, 0, f"status of the submission ({run.out.decode()} {run.err})")
    check("3 tasks in jobs" in run.out.decode(), f"tasks in two arrays: {run.out.decode()}")
    again = sweep(spec, output, "--executor", "slurm")
    equal(again.status, 1, "status of a second submission")

    # The first task is requeued once it has recorded a run, and goes on behind it.
    part = dime_test.scratch / "slurm.jsonl.d" / "blocks" / "0.jsonl.part"
    dime_test.wait_until(lambda: part.exists() and part.stat().st_size > 0, "the first run of block 0", seconds=60)
    task = next(name for name, state in slurm.queued() if name.endswith("_0") and state == "RUNNING")
    equal(slurm.output("scontrol", "requeue", task), b"", "answer to scontrol requeue")
    dime_test.wait_until(lambda: not slurm.queued(), f"the jobs to end: {slurm.queued()}", seconds=120)
    table = dime_test.scratch / "slurm.jsonl.d" / "table.txt"
    logs = [path.read_text() for path in (output.parent / "slurm.jsonl.d" / "log").iterdir()]
    check(output.exists(), f"no results; {table.read_text() if table.exists() else ''}; {logs}")
    lines = lines_of(output)
    equal(sorted(set(points(lines))), points(lines_of(local)), "points of Slurm and of the local sweep")
    equal(sorted({line["block"] for line in lines}), [0, 1, 2], "blocks")
    equal(len(lines), 3 * 4, "runs: each block has its native ones")
    equal(len(in_arrays(lines)), 2, "arrays")
    restarts = [line["slurm"]["restarts"] for line in lines if line["block"] == 0]
    check(restarts[0] == 0 and restarts[-1] == 1, f"restarts of the task that was requeued: {restarts}")
    check("slow-down" in table.read_text(), f"the last job's table: {table.read_text()}")

    # Only what is missing is submitted again.
    (part.parent / "1.jsonl").unlink()
    before = {path.name: path.read_bytes() for path in part.parent.glob("*.jsonl")}
    run = sweep(spec, output, "--executor", "slurm", "--resume")
    check("1 tasks in job " in run.out.decode(), run.out.decode() + run.err)
    dime_test.wait_until(lambda: not slurm.queued(), "the job to end", seconds=90)
    equal({name: (part.parent / name).read_bytes() for name in before}, before, "the other blocks")
    equal(sorted(set(points(lines_of(output)))), points(lines_of(local)), "points after --resume")


def test_failed(slurm):
    marker = dime_test.scratch / "fixed"
    broken = program(command=["/bin/sh", "-c", f"test -e {marker}"]) + GRID.replace(', "200p"', "") + RUN
    spec = write("broken.toml", broken)
    output = dime_test.scratch / "broken.jsonl"
    equal(sweep(spec, output, "--executor", "slurm").status, 0, "status of the submission")
    dime_test.wait_until(lambda: not slurm.queued(), "the job to end", seconds=60)
    equal([line["status"] for line in lines_of(output)], ["failed"], "the native run, and no other")
    marker.touch()
    equal(sweep(spec, output, "--executor", "slurm", "--failed").status, 0, "status of --failed")
    dime_test.wait_until(lambda: not slurm.queued(), "the job to end", seconds=60)
    equal(len(points(lines_of(output))), 4, "good runs after --failed")


def test():
    without = subprocess.run([dime_test.DIME, "sweep", write("none.toml", program() + GRID), "-o", dime_test.scratch / "none.jsonl", "--executor", "slurm"],
                             env={**os.environ, "PATH": "/nowhere"}, capture_output=True, text=True, check=False)
    equal(without.returncode, 1, "status without Slurm's commands")
    check("--executor slurm" in without.stderr and "scontrol" in without.stderr, without.stderr)
    check(not (dime_test.scratch / "none.jsonl.d").exists(), "a folder is left where nothing was submitted")
    slurm = Slurm(ARRAY)
    try:
        test_sweeps(slurm)
        test_failed(slurm)
        equal(running("alternate\x00600"), [], "programs left")
    finally:
        slurm.stop()


if __name__ == "__main__":
    dime_test.main(test)
