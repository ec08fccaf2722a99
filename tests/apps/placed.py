# SPDX-License-Identifier: GPL-2.0
"""Programs that place their own memory and mark their phases (examples/tiers/): the same with and without dime, and seen in the result.

The last part is attached to: the library finds an agent that came later, and loses it again.
"""
import json
import os
import sys
from pathlib import Path

import dime_test

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "tiers"
LIBRARY = dime_test.BUILD / "lib" / "libdime.so"
OPTIONS = ("--latency", "20us", "--bandwidth", "unlimited", "--allow-floor", "--tier", "far: latency=60us,local=100p")

ATTACHED = """
import ctypes, mmap, os, sys
dime = ctypes.CDLL(os.environ["LIBDIME"])
dime.dime_place.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p)
table = mmap.mmap(-1, 300 * 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
address = ctypes.addressof(ctypes.c_char.from_buffer(table))
for line in sys.stdin:
    answers = [dime.dime_place(address, len(table), tier) for tier in (b"far", b"nowhere")]
    dime.dime_mark(line.strip().encode())
    total = sum(table[page * 4096] for _ in range(2) for page in range(300))
    for page in range(300):
        table[page * 4096] = page % 251
    print(answers, flush=True)
"""


def tier(result, name):
    return next((entry for entry in result["tiers"] if entry["name"] == name), None)


def example(*command):
    native = dime_test.native(command)
    dime_test.equal((native.status, native.err), (0, ""), "status and errors without dime")
    run = dime_test.emulated(command, "50%", OPTIONS)
    dime_test.same(native, run)
    far = tier(run.result, "far")
    dime_test.check(far["faults"]["first_touch"] >= 400 and far["faults"]["remote"] >= 800, f"far: {far['faults']}")
    dime_test.equal(far["pages"]["local_peak"], 100, "peak of the tier's limit")
    phases = run.result["phases"]
    dime_test.equal([phase["name"] for phase in phases], ["", "fill", "search", "end"], "phases")
    fill, search = phases[1:3]
    dime_test.check(fill["first_touch"] + fill["remote"] >= 400, f"fill: {fill}")
    dime_test.check(search["remote"] >= 800 and search["stall_ns"] >= 800 * 58_000, f"search: {search}")
    dime_test.check(search["wall_s"] >= search["stall_ns"] / 1e9 * 0.9, f"search: {search}")
    dime_test.equal(sum(phase["remote"] for phase in phases), run.result["faults"]["remote"], "remote accesses of all phases")
    dime_test.check("phase      search:" in run.err, f"no phases in the summary: {run.err}")
    return run


def attached():
    inside, outside = os.pipe()
    program = dime_test.start([sys.executable, "-c", ATTACHED], stdin=inside)
    os.close(inside)

    def answers(name):
        before = len(program.out_path.read_text().splitlines())
        os.write(outside, name + b"\n")
        dime_test.wait_until(lambda: len(program.out_path.read_text().splitlines()) > before, "an answer")
        return program.out_path.read_text().splitlines()[-1]

    dime_test.equal(answers(b"alone"), "[0, 0]", "answers without an emulator")
    result = dime_test.scratch / "attached.json"
    watching = dime_test.start([dime_test.DIME, "attach", "-p", program.pid, "--fault-path", "thread", "--local", "90%", *OPTIONS, "--json", result])
    dime_test.wait_until(dime_test.instances, "the instance")
    dime_test.wait_until(lambda: json.loads(dime_test.dime("status", "--json").out)["instances"][0]["members"], "the member")
    dime_test.equal(answers(b"emulated"), "[0, -2]", "answers with an agent that was injected")
    answers(b"again")
    detached = dime_test.dime("detach", "-p", program.pid)
    dime_test.equal(detached.status, 0, f"status of dime detach ({detached.err})")
    dime_test.equal(answers(b"alone"), "[0, 0]", "answers after dime detach")
    watching.wait()
    os.close(outside)
    dime_test.equal(program.wait().status, 0, "status of the program")
    found = json.loads(result.read_text())
    dime_test.equal([phase["name"] for phase in found["phases"]], ["", "emulated", "again"], "phases")
    dime_test.check(tier(found, "far")["faults"]["remote"] >= 300, f"far: {tier(found, 'far')}")


def test():
    os.environ["LIBDIME"] = str(LIBRARY)
    pinned = example(dime_test.PROGRAMS / "phases_c")
    local = tier(pinned.result, "local")
    dime_test.check(local["faults"]["first_touch"] >= 400 and local["faults"]["remote"] == 0, f"pinned: {local}")
    example(dime_test.PROGRAMS / "phases_cc")
    example(sys.executable, EXAMPLES / "phases.py")
    attached()


if __name__ == "__main__":
    dime_test.main(test)
