# SPDX-License-Identifier: GPL-2.0
"""Three tiers at once from examples/tiers/tiers.toml: each stall meets its own target, and counts, limits and notes are right.

As in stall_time.py, the bounds hold on any machine: no stall is shorter than asked, but for 2 % or 2 us, nor longer than bounds.py
allows, and what is local stays far below.
"""
import json
import os
from pathlib import Path

import bounds
import dime_test

PROGRAM = dime_test.PROGRAMS / "three_tiers"
FILE = Path(__file__).resolve().parents[2] / "examples" / "tiers" / "tiers.toml"
ROUNDS = 4


class Emulated:
    """three_tiers under dime run; answer() has it do its rounds."""

    def __init__(self, *options):
        inside, self.input = os.pipe()
        self.started = dime_test.Started([dime_test.DIME, "run", *options, "--json", dime_test.scratch / "tiers.json", "--", PROGRAM, ROUNDS],
                                         stdin=inside, result=dime_test.scratch / "tiers.json")
        os.close(inside)
        self.answers = 0

    def answer(self):
        os.write(self.input, b"x")
        self.answers += 1
        dime_test.wait_until(lambda: len(self.lines()) >= self.answers or self.started.process.poll() is not None, "a round", seconds=60)
        dime_test.check(len(self.lines()) == self.answers, f"it ended early: {self.started.err_path.read_text()}")
        return json.loads(self.lines()[-1])

    def lines(self):
        return self.started.out_path.read_text().splitlines()

    def finish(self):
        os.close(self.input)
        run = self.started.wait()
        dime_test.equal(run.status, 0, f"status ({run.err[-800:]})")
        return run


def at_least(value, target, what):
    dime_test.check(value >= min(0.98 * target, target - 2000), f"{what}: {value} ns instead of {target}")


def both(program, seen, key, target):
    """What the program sees of one kind is neither shorter than asked nor too long."""
    at_least(seen[key], target, f"a touch of the {key}")
    bounds.not_longer(target, seen[key], lambda: program.answer()[key], f"a touch of the {key}")


def tier(result, name):
    found = [entry for entry in result["tiers"] if entry["name"] == name]
    dime_test.equal(len(found), 1, f"tiers called {name} in {[entry['name'] for entry in result['tiers']]}")
    return found[0]


def from_file():
    program = Emulated("--config", FILE, "--allow-floor")
    seen = program.answer()
    both(program, seen, "heap", 20_000)
    both(program, seen, "table", 60_000)
    run = program.finish()
    print(seen, [(entry["name"], entry["stall_ns"]["p50"]) for entry in run.result["tiers"]])
    dime_test.check(seen["other"] < 2_000, f"a local touch took {seen['other']} ns")
    near, far, local = (tier(run.result, name) for name in ("near", "far", "local"))
    dime_test.equal((near["stall_ns"]["target"], far["stall_ns"]["target"]), (20_000, 60_000), "targets")
    at_least(near["stall_ns"]["p50"], 20_000, "near")
    at_least(far["stall_ns"]["p50"], 60_000, "far")
    dime_test.check(near["faults"]["remote"] >= ROUNDS * 300, f"near: {near['faults']}")
    dime_test.check(far["faults"]["remote"] >= ROUNDS * 200, f"far: {far['faults']}")
    dime_test.equal(local["faults"]["remote"], 0, "remote accesses of what is always local")
    dime_test.check(local["faults"]["first_touch"] >= 300, f"local: {local['faults']}")
    dime_test.equal(far["pages"]["local_peak"], 100, "peak of the table's own limit")
    dime_test.check(run.result["pages"]["local_peak"] <= 200, f"peak of the rest: {run.result['pages']}")
    dime_test.check(all(rule["matched"] for rule in run.result["rules"]), f"rules: {run.result['rules']}")
    dime_test.equal(sum(entry["faults"]["total"] for entry in run.result["tiers"]), run.result["faults"]["total"], "faults of all tiers")


def change(*options):
    run = dime_test.dime("set", "--instance", "0", "--allow-floor", *options)
    dime_test.equal(run.status, 0, f"status of dime set {options}: {run.err}")


def follows(program, followed, what):
    """What the program sees once followed(seen) holds: the agent reads what was changed at a tick, and when that is depends on the machine."""
    dime_test.wait_until(lambda: followed(program.answer()), what)
    return program.answer()


def live():
    program = Emulated("--instance", "0", "--local", "50p", "--latency", "100us", "--bandwidth", "unlimited", "--allow-floor",
                       "--tier", "far: latency=400us,local=50p", "--place", "name=nothing: far")
    at_least(program.answer()["table"], 100_000, "the table in the default tier")
    change("--place", "name=table: far", "--place", "heap: local", "--place", "all: default")
    seen = follows(program, lambda seen: seen["table"] > 398_000 and seen["heap"] < 2_000, "the far tier")
    both(program, seen, "table", 400_000)
    both(program, seen, "other", 100_000)
    dime_test.check(seen["heap"] < 2_000, f"the heap should be local now: {seen}")
    # In one change, so that what is seen of the heap says that the rest was followed.
    change("--tier", "far: latency=200us,local=10000p", "--place", "heap: latency=300us", "--place", "name=table: far", "--place", "all: local")
    seen = follows(program, lambda seen: seen["heap"] > 298_000, "the heap's own tier")
    both(program, seen, "heap", 300_000)
    dime_test.check(seen["table"] < 2_000, f"the far tier's limit was raised above all it has: {seen}")
    dime_test.check(seen["other"] < 2_000, f"all but the heap should be local: {seen}")
    before = dime_test.dime("status", "--json").out
    bad = dime_test.dime("set", "--instance", "0", "--latency", "1us", "--allow-floor", "--place", "heap: nowhere")
    dime_test.check(bad.status != 0 and "nowhere" in bad.err, f"a bad rule was accepted: {bad.err}")
    config = [instance["config"] for text in (before, dime_test.dime("status", "--json").out) for instance in json.loads(text)["instances"]]
    dime_test.equal(config[1], config[0], "parameters after a refused change")
    run = program.finish()
    dime_test.check(all(rule["matched"] for rule in run.result["rules"]), f"rules: {run.result['rules']}")


def unmatched():
    run = dime_test.emulated(["/bin/true"], "50%", (*dime_test.UNDELAYED, "--place", "name=no-such-*: local"))
    dime_test.equal(run.result["rules"], [{"rule": "name=no-such-*: local", "matched": False}], "rules")
    dime_test.check("the rule 'name=no-such-*: local' matched no memory" in run.err, f"no note: {run.err}")


def test():
    from_file()
    live()
    unmatched()


if __name__ == "__main__":
    dime_test.main(test)
