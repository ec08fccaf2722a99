# SPDX-License-Identifier: GPL-2.0
"""Bad input to `dime run` and `dime config`: one line that names the option, the value and what is allowed; nothing starts.

Each row: arguments, status, what the message must contain. The program would create a file, which must not appear.
"""
import dime_test

TOO_LONG = "x" * 40


def table(*lines):
    """`table:FILE` with these lines in the file."""
    table.count = getattr(table, "count", 0) + 1
    path = dime_test.scratch / f"table-{table.count}"
    path.write_text("".join(line + "\n" for line in lines))
    return f"table:{path}"


def toml(*lines):
    """A configuration file with these lines."""
    return ["--config", table(*lines).removeprefix("table:")]


RUN = [
    (["--local", "0"], ["--local", "0"]),
    (["--local", "0%"], ["--local", "0%"]),
    (["--local", "0p"], ["--local", "0p"]),
    (["--local", "-5p"], ["--local", "-5p"]),
    (["--local", "-25%"], ["--local", "-25%"]),
    (["--local", "nan"], ["--local", "nan"]),
    (["--local", "NaN%"], ["--local", "NaN%"]),
    (["--local", "inf%"], ["--local", "inf%"]),
    (["--local", "110%"], ["--local", "110%", "100"]),
    (["--local", "5"], ["--local", "5", "%", "MiB"]),
    (["--local", ""], ["--local"]),
    (["--local", "many"], ["--local", "many"]),
    (["--local", "99999999999999999999p"], ["--local", "99999999999999999999p"]),
    (["--latency", "10"], ["--latency", "10", "us"]),
    (["--latency", "-1us"], ["--latency", "-1us"]),
    (["--latency", "NaNus"], ["--latency", "NaNus"]),
    (["--latency", "99999999s"], ["--latency", "99999999s"]),
    (["--bandwidth", "40"], ["--bandwidth", "40", "Gbit/s"]),
    (["--bandwidth", "0Gbit/s"], ["--bandwidth", "0Gbit/s"]),
    (["--bandwidth", "-1Gbit/s"], ["--bandwidth", "-1Gbit/s"]),
    (["--bandwidth", "fast"], ["--bandwidth", "fast"]),
    (["--write-bandwidth", "fast"], ["--write-bandwidth", "fast", "Gbit/s"]),
    (["--policy", "none-such"], ["--policy", "none-such", "fifo", "random"]),
    (["--engine", "steam"], ["--engine", "steam", "user"]),
    (["--fault-path", "magic"], ["--fault-path", "magic", "thread"]),
    (["--interval", "1ms"], ["--interval", "1ms", "10ms", "3600s"]),
    (["--interval", "often"], ["--interval", "often", "10ms"]),
    (["--wait", "patiently"], ["--wait", "patiently", "spin", "sleep"]),
    (["--link", TOO_LONG], ["--link", TOO_LONG]),
    (["--preset", "no-such-net"], ["--preset", "no-such-net", "tcp-kernel"]),
    (["--preset", "cxl-asic"], ["--preset", "cxl-asic", "cache line"]),
    (["--preset", "rdma-rack-100g"], ["--preset", "floor", "--allow-floor"]),
    (["--jitter", "gauss,5us"], ["--jitter", "gauss,5us", "lognormal"]),
    (["--jitter", "normal"], ["--jitter", "normal"]),
    (["--jitter", "normal,5us,corr=150%"], ["--jitter", "corr=150%", "99%"]),
    (["--jitter", "table:/no/such/table"], ["--jitter", "/no/such/table"]),
    (["--jitter", table("# delays", "5", "3")], ["--jitter", "line 3", "less"]),
    (["--jitter", table("5", "-3")], ["--jitter", "line 2", "-3"]),
    (["--jitter", table("5", "6", "many")], ["--jitter", "line 3", "many"]),
    (["--jitter", table("5")], ["--jitter", "two"]),
    (["--jitter", table()], ["--jitter"]),
    (["--seed", "x"], ["--seed", "x"]),
    (["--fetch-times", table("4096 3000", "8192")[6:]], ["--fetch-times", "line 2"]),
    (["--fetch-times", table("4096 3000", "", "8192 2000")[6:]], ["--fetch-times", "line 3", "2000"]),
    (["--fetch-times", table("4096 3000", "4096 4000")[6:]], ["--fetch-times", "line 2", "4096"]),
    (["--at", "10s", "down", "--at", "5s", "up"], ["--at", "5s", "out of order"]),
    (["--at", "10s", "up"], ["--at", "10s", "up", "down"]),
    (["--at", "soon", "down"], ["--at", "soon"]),
    (["--at", "10s", "sideways"], ["--at", "sideways", "down"]),
    (["--at", "10s", "latency=1ns,bandwidth=unlimited"], ["--at", "10.0 s", "floor"]),
    (["--outage-max", "2m"], ["--outage-max", "2m"]),
    (["--writeback-depth", "-1"], ["--writeback-depth", "-1"]),
    (["--tier", "far"], ["--tier", "far", "NAME"]),
    (["--tier", "far: latency=2"], ["--tier", "latency=2", "us"]),
    (["--tier", "far: colour=red"], ["--tier", "colour=red", "latency="]),
    (["--tier", "far: policy=fifo"], ["--tier", "policy=fifo", "local="]),
    (["--tier", "far: local=9p,policy=none-such"], ["far", "none-such", "fifo"]),
    (["--tier", "far: link=" + TOO_LONG], ["--tier", TOO_LONG]),
    (["--tier", "local: latency=2us"], ["--tier", "local"]),
    (["--tier", "far: latency=1ns,bandwidth=unlimited", "--latency", "1ms"], ["far", "floor", "--allow-floor"]),
    (["--place", "heap"], ["--place", "heap", "TIER"]),
    (["--place", "heap: nowhere"], ["--place", "nowhere", "default"]),
    (["--place", "hep: local"], ["--place", "hep", "heap"]),
    (["--place", "size>=5: local"], ["--place", "size>=5", "MiB"]),
    (["--place", "range=0x1000-0x3000: local", "--place", "range=0x2000-0x4000: default"], ["--place", "range=0x2000-0x4000", "before"]),
    (["--config", "/no/such/file.toml"], ["--config", "/no/such/file.toml"]),
    (toml("# one", "latency = "), [":2:"]),
    (toml("", "latncy = '5us'"), [":2:", "latncy"]),
    (toml("local = '50%'", "latency = '5'"), [":2:", "--latency 5", "us"]),
    (toml("latency = 5.5"), [":1:", "latency"]),
    (toml("[tier.far]", "latency = '5'"), [":1:", "--tier", "latency=5"]),
    (toml("[tier]", "far = 5"), [":2:", "tier.far", "[tier.far]"]),
    (toml("[[place]]", "what = 'heap'"), [":1:", "place", "what", "tier"]),
    (toml("[[place]]", "what = 'heap'", "tier = 'nowhere'"), [":1:", "--place", "nowhere"]),
    (["--instance", "first"], ["--instance", "first"]),
    (["--no-such-option"], ["--no-such-option"]),
    (["--latency", "1ns", "--bandwidth", "unlimited"], ["--latency", "floor", "--allow-floor"]),
    (["--json", "/no/such/folder/x.json"], ["--json", "/no/such/folder/x.json"]),
]
CONFIG = [
    ("", []),
    ("latency_ns=5", ["instance_id"]),
    ("instance_id=zero", ["instance_id", "zero"]),
    ("instance_id=0 latency_ns=-1", ["latency_ns", "-1"]),
    ("instance_id=0 latency_ns=1 latency_ns=2", ["latency_ns"]),
    ("instance_id=0 local_npages=0", ["local_npages", "0"]),
    ("instance_id=0 colour=red", ["colour"]),
    ("instance_id=0 policy=none-such", ["policy", "none-such"]),
    ("instance_id=0 jitter=gauss,5us", ["jitter", "gauss", "lognormal"]),
    ("instance_id=0 schedule=9s:down;5s:up", ["schedule", "5s", "out of order"]),
    ("instance_id=0 fetch_times=4096:5,512:9", ["fetch_times", "4096:5,512:9"]),
    ("instance_id=0 outage_max_ns=-1", ["outage_max_ns", "-1"]),
    ("instance_id=7 latency_ns=100000 bandwidth_bps=1000000000 local_npages=2000", ["instance_id", "7"]),
    ("instance_id=0 latency_ns=100000 bandwidth_bps=1000000000 local_npages=2000 pid=999999999", ["pid", "999999999"]),
]


def message(run, words, what):
    errors = [line for line in run.err.splitlines() if line.startswith("dime: error: ")]
    dime_test.equal(len(errors), 1, f"{what}: lines with an error in {run.err!r}")
    dime_test.check(len(run.err.splitlines()) <= 2, f"{what}: more than an error and a hint:\n{run.err}")
    for word in words:
        dime_test.check(word in run.err, f"{what}: the message does not mention {word!r}:\n{run.err}")
    print(errors[0])


def refused(options, program, status, words):
    run = dime_test.dime("run", *options, "--", *program)
    what = "dime run " + " ".join(map(str, options)) + " -- " + str(program[0])
    dime_test.equal(run.status, status, f"status of {what} ({run.err})")
    message(run, words, what)
    dime_test.equal(dime_test.instances(), [], f"instances after {what}")


def test():
    marker = dime_test.scratch / "started"
    problems = []
    for options, words in RUN:
        try:
            refused(options, ["touch", marker], 125, words)
            dime_test.check(not marker.exists(), f"{options}: the program was started")
        except dime_test.Failure as problem:
            problems.append(str(problem))
    script = dime_test.scratch / "no-permission"
    script.write_text("#!/bin/sh\n")
    for options, program, status, words in (([], ["no-such-program-here"], 127, ["no-such-program-here"]),
                                            ([], [dime_test.scratch / "absent"], 127, ["absent"]),
                                            ([], [script], 126, ["no-permission"]),
                                            ([], [dime_test.scratch], 126, [dime_test.scratch.name])):
        try:
            refused(options, program, status, words)
        except dime_test.Failure as problem:
            problems.append(str(problem))
    for text, words in CONFIG:
        run = dime_test.dime("config", text)
        try:
            dime_test.check(run.status in (1, 2), f"dime config '{text}': status {run.status} ({run.err})")
            message(run, words, f"dime config '{text}'")
            dime_test.equal(dime_test.instances(), [], f"instances after dime config '{text}'")
        except dime_test.Failure as problem:
            problems.append(str(problem))
    dime_test.check(not problems, "\n".join(problems))


if __name__ == "__main__":
    dime_test.main(test)
