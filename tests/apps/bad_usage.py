# SPDX-License-Identifier: GPL-2.0
"""Wrong use of every command ends with status 2 (125 for `dime run` and `dime record`) and one printable line of error; files without an end and FIFOs
are refused at once, and so are outputs that would replace one of the command's inputs.
"""
import os
import shutil

import dime_test

USAGE = [
    ["config", "instance_id=zero"], ["config", "colour=red"], ["config", "instance_id=0 local_npages=0"], ["config", "instance_id=7 remove=1"],
    ["config", "--nosuch"], ["set", "--nosuch"], ["set", "--latency", "5"], ["set"], ["set", "--instance", "9", "--latency", "50us"],
    ["status", "--nosuch"], ["status", "extra"], ["status", "--json=2"], ["attach"], ["attach", "-p", "x"], ["detach"], ["detach", "-p", "-1"],
    ["policies", "--nosuch"], ["presets", "--nosuch"], ["doctor", "--nosuch"], ["calibrate", "--nosuch"], ["nosuch"], ["--nosuch"], [],
    ["trace"], ["trace", "--nosuch"], ["trace", "t", "--by"], ["trace", "t", "--by", "colour"], ["trace", "t", "extra"], ["trace", "--from"],
    ["trace", "t", "--summary", "--by", "phase"], ["trace", "t", "--folded", "--json"], ["whatif"], ["whatif", "--nosuch"],
    ["whatif", "t", "--local", "x"], ["whatif", "t", "--policy", "nosuch"], ["whatif", "t", "--latency", "5"], ["whatif", "t", "--jobs", "0"],
    ["whatif", "t", "--prefetch", "nosuch"], ["whatif", "t", "--preset", "nosuch"], ["whatif", "t", "--json", "--extrapolate"],
    ["sweep"], ["sweep", "--nosuch"], ["sweep", "/no/such"], ["sweep", "a", "b"], ["report"], ["report", "--nosuch"], ["top"], ["top", "--nosuch"],
    ["top", "extra"], ["top", "--interval", "x"], ["module"], ["module", "nosuch"], ["module", "load", "--nosuch"], ["prefetchers", "--nosuch"],
    ["status", "--follow", "--interval", "x"],
]
RECORD = [["record"], ["record", "--nosuch", "--", "true"], ["record", "-o"], ["record", "--sample", "x", "-o", "t", "--", "true"],
          ["record", "--stacks", "x", "-o", "t", "--", "true"],
          ["record", "-p", str(os.getpid()), "--json", "r", "-o", "t"]]


def one_line(run, what):
    errors = [line for line in run.err.splitlines() if line.startswith("dime: error: ")]
    dime_test.equal(len(errors), 1, f"{what}: lines with an error in {run.err!r}")
    dime_test.check(len(run.err) < 4000, f"{what}: {len(run.err)} characters of error")
    dime_test.check(all(c == "\n" or ord(c) >= 32 for c in run.err), f"{what}: control characters in {run.err!r}")


def refused(words, status, what=None):
    run = dime_test.dime(*words)
    what = what or f"dime {words}"
    dime_test.equal(run.status, status, f"status of {what} ({run.err[:500]})")
    dime_test.check(run.seconds < 20, f"{what} took {run.seconds} s")
    one_line(run, what)
    return run


def stays(status, option, output, paths, words, what=None):
    """`option output` is one of the command's files: refused, and those in `paths` are as before."""
    before = [path.read_bytes() for path in paths]
    run = refused([*words, option, output], status, what)
    dime_test.check(f"{option} {output}: the same file as " in run.err, f"{words} {option} {output}: {run.err}")
    dime_test.equal([path.read_bytes() for path in paths], before, f"the inputs of {words} {option} {output}")


def inputs_stay(program):
    folder = dime_test.scratch / "inputs"
    folder.mkdir()
    pages, trace, other = folder / "pages", folder / "t.trace", folder / "other.trace"
    pages.write_text("1\n2\n3\n")
    for made in (trace, other):
        dime_test.equal(dime_test.dime("trace", "--from", pages, "-o", made).status, 0, "a trace of a list")
    link, hard = folder / "link", folder / "hard"
    link.symlink_to(trace)
    os.link(trace, hard)
    for path in (trace, link, hard, folder / ".." / "inputs" / "t.trace"):
        stays(2, "--json", path, [trace], ["whatif", trace])
    stays(2, "--json", other, [other], ["whatif", trace, "--prefetch", f"tape:{other}"])
    stays(2, "-o", pages, [pages], ["trace", "--from", pages])
    part = folder / "pages.part"
    shutil.copy(pages, part)
    run = refused(["trace", "--from", part, "-o", pages], 2)
    dime_test.check("the same file as" in run.err and part.exists(), f"a list in place of an unfinished trace: {run.err}")
    with pages.open() as standard_input:
        run = dime_test.dime("trace", "--from", "-", "-o", pages, stdin=standard_input)
    dime_test.equal((run.status, pages.read_text()), (2, "1\n2\n3\n"), f"a list from standard input ({run.err})")

    points = folder / "points.json"
    dime_test.equal(dime_test.dime("whatif", trace, "--json", points).status, 0, "predictions")
    result_link = folder / "points.link"
    result_link.symlink_to(points)
    for path in (points, result_link):
        stays(2, "-o", path, [points], ["report", points])
    spec = folder / "spec.jsonl"
    spec.write_text("run = { programs = [] }")  # one line without an end, as if a run had been cut
    for more in ([], ["--resume"], ["--failed"], ["--dry-run"]):
        stays(2, "-o", spec, [spec], ["sweep", spec, *more])

    table, times, config, script = folder / "table", folder / "times", folder / "c.toml", folder / "script"
    table.write_text("0\n100\n")
    times.write_text("4096 1000\n65536 2000\n")
    config.write_text('latency = "100us"\n')
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    for path, options in ((table, ["--jitter", f"table:{table}"]), (times, ["--fetch-times", times]), (config, ["--config", config])):
        for command in ("run", "record"):
            option = "--json" if command == "run" else "-o"
            refused_run([command, *options, "--allow-floor", option, path, *program], path)
        stays(2, "--json", path, [path], ["attach", "-p", str(os.getpid()), *options, "--allow-floor"])
    refused_run(["run", "--json", script, "--", script], script)
    refused_run(["record", "-o", script, "--", script], script)
    config.write_text(f'json = "{config}"\n')
    refused_run(["run", "--config", config, *program], config)
    # Two outputs, of which the second would replace the first.
    both = folder / "both"
    run = refused(["record", "-o", both, "--json", folder / ".." / "inputs" / "both", *program], 125)
    dime_test.check("the same file as --json" in run.err and not both.exists(), f"two outputs in one file: {run.err}")


def refused_run(words, path):
    before = path.read_bytes()
    run = refused(words, 125)
    dime_test.check(f"{path}: the same file as " in run.err, f"{words}: {run.err}")
    dime_test.equal(path.read_bytes(), before, f"{path} after {words}")


def test():
    for words in USAGE:
        refused(words, 2)
    for words in RECORD:
        refused(words, 125)
    fifo = dime_test.scratch / "fifo"
    os.mkfifo(fifo)
    marker = dime_test.scratch / "started"
    program = ["--", "touch", marker]
    for path in ("/dev/zero", fifo, dime_test.scratch):
        for options in (["--config", path], ["--jitter", f"table:{path}"], ["--fetch-times", path]):
            run = refused(["run", *options, *program], 125)
            dime_test.check("not a regular file" in run.err, f"{options}: {run.err}")
        run = dime_test.dime("sweep", path)
        dime_test.check(run.status == 2 and "not a regular file" in run.err, f"sweep {path}: {run.status} {run.err}")
    large = dime_test.scratch / "large"
    with large.open("wb") as file:
        file.truncate(64 << 20)
    for options in (["--config", large], ["--jitter", f"table:{large}"], ["--fetch-times", large]):
        dime_test.check("longer than" in refused(["run", *options, *program], 125).err, f"{options}")
    for value in ("5\x1b[31mus", "5\nus", "x" * 100_000, "\u009b31m"):
        refused(["run", "--latency", value, *program], 125)
        refused(["config", "instance_id=0 latency_ns=" + value], 2)
    refused(["run", "--json", "--allow-floor", *program], 125)
    refused(["run", "--one-way=2", *program], 125)
    refused(["run", "--policy", "--json", "x", *program], 125)
    inputs_stay(program)
    dime_test.check(not marker.exists(), "a program was started")
    dime_test.check(not list(dime_test.scratch.glob("--*")), "a file has the name of an option")


if __name__ == "__main__":
    dime_test.main(test)
