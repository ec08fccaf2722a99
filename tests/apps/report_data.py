# SPDX-License-Identifier: GPL-2.0
"""Results for tests of dime report, as dime sweep and dime whatif write them, with numbers that are easy to check."""
import json

MACHINE = {"host": "one", "kernel": "Linux 6.1", "cpu": "A CPU", "cpus": 2, "memory_bytes": 1 << 34, "page_bytes": 4096}
SHARES = (100, 75, 50, 25)
PAGES = 4000


def result(share, latency_us, policy):
    """Of `dime run --json`, as far as a report reads it."""
    remote = (100 - share) * 40 * (3 if policy == "fifo" else 2)
    target = latency_us * 1000 + 820
    return {
        "schema": 1, "dime": {"version": "0", "engine": "user", "fault_path": "inline"}, "machine": MACHINE, "command": ["/bin/sorter"],
        "exit_status": 0, "wall_s": 1.0,
        "config": {"local_npages": None, "local_percent": float(share), "latency_ns": latency_us * 1000, "bandwidth_bps": 40 * 10**9, "policy": policy,
                   "below_floor": False},
        "faults": {"total": PAGES + remote, "first_touch": PAGES, "remote": remote}, "pages": {"managed_peak": PAGES, "unmanaged_peak": 100},
        "samples": [{"at_s": (i + 1) / 10, "wall_s": 0.1, "threads": 1, "remote": remote // 10, "evictions": remote // 10, "stall_s": 0.02 * (i % 4),
                     "local_pages": PAGES * share // 100, "remote_pages": PAGES - PAGES * share // 100, "rx_busy": 0.1} for i in range(10)],
        "stall_ns": {"target": target, "floor": 5800, "count": remote, "mean": target + 500, "p50": target, "p90": target + 300, "p99": target + 9000,
                     "max": target + 20000, "histogram": [[target + 100, remote * 9 // 10], [target + 9000, remote // 10]] if remote else []},
    }


def line(program, share, latency_us, policy, repetition, wall_s, **more):
    """One line of a sweep; natively where share is None."""
    native = share is None
    point = {} if native else {"local": f"{share}%", "latency": f"{latency_us}us", "policy": policy}
    return {"schema": 1, "kind": "sweep-run", "program": program, "native": "no-thp" if native else None, "point": point, "repetition": repetition,
            "status": "ok", "problem": "", "wall_s": wall_s, "took_s": wall_s, "metrics": {}, "output": None, "machine": MACHINE,
            "calibration": {"floor_ns": 5800}, "block": None, "result": None if native else result(share, latency_us, policy), **more}


def slow_down(share, latency_us, policy, repetition):
    return 1 + (100 - share) * latency_us * (3 if policy == "fifo" else 2) / 2000 + 0.01 * (repetition % 3)


def sweep(program="sorter", repetitions=7, policies=("fifo", "sieve")):
    lines = []
    for repetition in range(1, repetitions + 1):
        native = 1 + repetition / 100
        lines.append(line(program, None, 0, "", repetition, native))
        for share in SHARES:
            for latency in (10, 40):
                for policy in policies:
                    lines.append(line(program, share, latency, policy, repetition, native * slow_down(share, latency, policy, repetition)))
    return lines


def predictions(policies=("fifo", "sieve")):
    points = []
    for policy in policies:
        for share in range(10, 101, 10):
            misses = PAGES + (100 - share) * 40 * (3 if policy == "fifo" else 2)
            points.append({"policy": policy, "prefetch": "none", "local_pages": PAGES * share // 100, "local_share": share / 100, "references": 100000,
                           "misses": misses, "miss_ratio": misses / 100000, "opt_misses": PAGES + (100 - share) * 40, "slow_down": 1.5, "good": share > 10})
    return points


def write_lines(path, lines):
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    return path
