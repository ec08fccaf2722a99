# SPDX-License-Identifier: GPL-2.0
"""Every preset names its source; those that can be emulated give the stall that they list, and the others are refused."""
import re

import dime_test

LINE = re.compile(r"^(?P<name>[a-z0-9-]+) +(?P<time>refused|[0-9.]+ [nu]s).* \[(?P<source>[^\]]{4,})\]$")
UNITS = {"ns": 1, "us": 1000}


def test():
    listed = dime_test.dime("presets")
    dime_test.equal(listed.status, 0, "status of dime presets")
    presets = [LINE.match(line) for line in listed.out.decode().splitlines()]
    dime_test.check(len(presets) > 20 and all(presets), f"a line without name, time or source:\n{listed.out.decode()}")
    known = [preset["name"] for preset in presets if preset["time"] != "refused"]
    for preset in presets:
        if preset["time"] == "refused":
            run = dime_test.dime("run", "--preset", preset["name"], "--", "true")
            dime_test.equal(run.status, 125, f"status of --preset {preset['name']}")
            dime_test.check("cache line" in run.err and known[0] in run.err, f"--preset {preset['name']}: {run.err}")
            continue
        run = dime_test.emulated(["true"], "50%", ("--preset", preset["name"], "--allow-floor"))
        number, unit = preset["time"].split()
        target = float(number) * UNITS[unit]
        found = run.result["stall_ns"]["target"]
        dime_test.check(abs(found - target) <= 0.005 * target + 1, f"--preset {preset['name']}: target {found} ns, listed {target} ns")
    run = dime_test.emulated(["true"], "50%", ("--preset", "tcp-kernel", "--latency", "50us"))
    dime_test.equal(run.result["config"]["latency_ns"], 50_000, "latency beside a preset")
    dime_test.equal(run.result["config"]["jitter"]["shape"], "pareto", "jitter of a preset")


if __name__ == "__main__":
    dime_test.main(test)
