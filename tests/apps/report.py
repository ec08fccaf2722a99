# SPDX-License-Identifier: GPL-2.0
"""dime report without a browser: its numbers as CSV, text and SVG, several results and machines, and bad input."""
import csv
import io
import json
import os
import re
import shutil
import xml.etree.ElementTree as xml
from pathlib import Path

import dime_test
import report_data
from dime_test import check, equal

WEB = Path(__file__).resolve().parents[2] / "report" / "web"


def file(name, content):
    path = dime_test.scratch / name
    if isinstance(content, str):
        path.write_text(content)
        return path
    return report_data.write_lines(path, content)


def report(*words):
    return dime_test.dime("report", *words)


def rows_of(*words):
    run = report(*words, "--csv")
    equal(run.status, 0, f"status of --csv ({run.err})")
    return list(csv.DictReader(io.StringIO(run.out.decode())))


def test_numbers(results):
    rows = rows_of(results)
    equal(len(rows), 1 + 4 * 2 * 2, "points")
    for row in rows:
        equal(row["runs"], "7", "runs")
        if row["native"]:
            continue
        share, latency = int(row["option local"].rstrip("%")), int(row["option latency"].removesuffix("us"))
        wanted = sorted(report_data.slow_down(share, latency, row["option policy"], repetition) for repetition in range(1, 8))[3]
        check(abs(float(row["slowdown"]) - wanted) < 1e-6, f"slow-down {row['slowdown']}, not {wanted}: {row}")
        check(float(row["slowdown_low"]) <= wanted <= float(row["slowdown_high"]), f"interval: {row}")
        check(float(row["coverage"]) >= 0.95, f"coverage: {row}")
        equal(float(row["local_share"]), share / 100, "share")


def test_text_and_svg(results, curves):
    run = report(results, curves)
    equal(run.status, 0, f"status of the text ({run.err})")
    text = run.out.decode()
    for words in ("sorter: slow-down by local share", "latency 10us, policy sieve", "predicted", "machine: one, Linux 6.1", "at least 5.8 us"):
        check(words in text, f"the text has no {words!r}:\n{text}")
    check(max(map(len, text.split("predicted")[0].splitlines()[:16])) <= 80, "the curve is wider than the terminal")
    folder = dime_test.scratch / "drawings"
    run = report(results, "--svg", folder)
    equal(run.status, 0, f"status of --svg ({run.err})")
    (drawing,) = folder.iterdir()
    root = xml.fromstring(drawing.read_text())
    equal(len(root.findall("{*}circle")), 16, "marks of the drawing")


def test_several(results):
    run = report(results, file("other.jsonl", [{**line, "machine": {**report_data.MACHINE, "host": "two"}} for line in report_data.sweep()]), "--csv")
    equal(run.status, 1, "status with two machines")
    check("2 machines" in run.err and "--mix-machines" in run.err, run.err)
    rows = rows_of(results, dime_test.scratch / "other.jsonl", "--mix-machines")
    equal(len(rows), 2 * 17, "points of two machines")
    check(all(row["runs"] == "7" for row in rows), "runs of different machines were put together")
    rows = rows_of(results, file("again.jsonl", report_data.sweep()))
    check(len(rows) == 17 and all(row["runs"] == "14" for row in rows), "runs of one machine were not put together")
    run = report(file("many.jsonl", [report_data.line("sorter", 50, 10, "fifo", number, 1.5) for number in range(1001)]))
    check(run.status == 1 and "1001 runs of one point" in run.err, f"{run.status} {run.err[-300:]}")
    single = file("run.json", json.dumps(report_data.result(50, 10, "fifo"), indent=2))
    (row,) = rows_of(single)
    check(row["program"] == "sorter" and row["slowdown"] == "" and row["runs"] == "1", str(row))


def test_bad_input(results):
    whole = results.read_text()
    run = report(file("cut.jsonl", whole[:-40]), "--csv")
    check(run.status == 0 and "the last line was cut" in run.err and len(run.err.splitlines()) == 1, f"cut: {run.status} {run.err}")
    schema = json.loads(whole.splitlines()[0]) | {"schema": 9}
    for name, content, words in (
            ("empty", "", r"empty"), ("binary", "\x7fELF\n", r":1: not JSON"), ("middle", whole.splitlines()[0] + "\nx\n" + whole, r":2: not JSON"),
            ("schema", json.dumps(schema) + "\n", r"schema 9; allowed: 1"), ("other", '{"a": 1}\n', r"not a result"), ("list", "[1, 2]\n", r"something else than predictions")):
        run = report(file(name, content))
        equal(run.status, 1, f"status of {name}")
        check(re.search(words, run.err) and run.err.startswith("dime: error: ") and len(run.err.splitlines()) == 1, f"{name}: {run.err}")
    run = report(dime_test.scratch / "missing")
    check(run.status == 1 and "No such file" in run.err, run.err)
    run = report()
    equal(run.status, 2, "status without a result")
    run = report(results, "-o", dime_test.scratch / "no" / "such" / "report.html")
    equal(run.status, 1, "status where the page cannot be written")


def test_without_page(results):
    """A dime beside which there is no page, and a build where npm has no network."""
    program = dime_test.scratch / "bin" / "dime"
    program.parent.mkdir()
    try:
        os.link(dime_test.DIME, program)
    except OSError:
        shutil.copy(dime_test.DIME, program)
    page = dime_test.scratch / "report.html"
    run = dime_test.native([program, "report", results, "-o", page])
    check(run.status == 1 and "the page was not built" in run.err and "npm" in run.err and not page.exists(), f"{run.status} {run.err}")
    npm = file("npm", "#!/bin/sh\necho npm error network >&2\nexit 1\n")
    npm.chmod(0o755)
    run = dime_test.native([WEB / "build", npm, dime_test.scratch / "web", page])
    check(run.status == 0 and "npm error network" in run.err and not page.exists(), f"{run.status} {run.err}")


def test():
    results = file("sorter.jsonl", report_data.sweep())
    curves = file("sorter-whatif.json", json.dumps(report_data.predictions()))
    test_numbers(results)
    test_text_and_svg(results, curves)
    test_several(results)
    test_bad_input(results)
    test_without_page(results)


dime_test.main(test)
