# SPDX-License-Identifier: GPL-2.0
"""The result has every key of schema 1 with the right kind of value, and its numbers agree with each other."""
import dime_test

NUMBER = (int, float)
SCHEMA = {
    "schema": int, "dime": {"version": str, "engine": str, "fault_path": str, "mechanism": str, "privileges": str},
    "machine": dict, "command": list, "exit_status": int,
    "config": {"local_npages": (int, type(None)), "local_percent": (int, float, type(None)), "latency_ns": int, "bandwidth_bps": int,
               "policy": str, "link": (str, type(None))},
    "wall_s": NUMBER, "user_s": NUMBER, "sys_s": NUMBER,
    "faults": {"total": int, "first_touch": int, "remote": int, "joined": int},
    "evictions": {"clean": int, "dirty": int, "refused": int},
    "pages": {"local_peak": int, "managed_peak": int, "unmanaged_peak": int},
    "stall_ns": {"target": int, "floor": int, "mean": NUMBER, "p50": int, "p90": int, "p99": int, "max": int, "histogram": list},
    "link": {"bytes_rx": int, "bytes_tx": int, "busy_share": NUMBER, "queue_ns_mean": NUMBER},
    "processes": list,
}


def validate(value, schema, where):
    if isinstance(schema, dict):
        for key, inner in schema.items():
            dime_test.check(key in value, f"{where}.{key} is missing")
            validate(value[key], inner, f"{where}.{key}")
    else:
        dime_test.check(isinstance(value, schema), f"{where} is {value!r}")


def test():
    command = [dime_test.PROGRAMS / "alternate", 1000, 4]
    run = dime_test.emulated(command, "300p", ("--latency", "200us", "--bandwidth", "10Gbit/s"))
    result = run.result
    validate(result, SCHEMA, "result")
    dime_test.equal(result["schema"], 1, "schema")
    dime_test.equal(result["command"], [str(word) for word in command], "command")
    config = result["config"]
    dime_test.equal((config["local_npages"], config["latency_ns"], config["bandwidth_bps"], config["policy"]),
                    (300, 200_000, 10_000_000_000, "fifo"), "config")
    dime_test.equal(result["dime"]["engine"], "user", "engine")

    faults, stalls = result["faults"], result["stall_ns"]
    dime_test.equal(faults["total"], faults["first_touch"] + faults["remote"], "faults.total")
    dime_test.equal(stalls["target"], 200_000 + 3277, "target")
    dime_test.check(stalls["p50"] <= stalls["p90"] <= stalls["p99"] <= stalls["max"], f"quantiles {stalls}")
    uppers = [upper for upper, _ in stalls["histogram"]]
    dime_test.equal(uppers, sorted(set(uppers)), "upper bounds of the histogram")
    dime_test.equal(sum(count for _, count in stalls["histogram"]), faults["remote"], "counts of the histogram")
    dime_test.check(result["wall_s"] >= faults["remote"] * 200e-6, f"wall time {result['wall_s']} s")
    dime_test.check(len(result["processes"]) >= 1, "no process")
    for process in result["processes"]:
        validate(process, {"pid": int, "comm": str, "faults": (int, dict)}, "process")
    for word in ("remote", "evict", "p50", "p99", "unmanaged"):
        dime_test.check(word in run.err, f"the summary does not mention {word}:\n{run.err}")


if __name__ == "__main__":
    dime_test.main(test)
