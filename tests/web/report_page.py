# SPDX-License-Identifier: GPL-2.0
"""The page of dime report in headless Chromium: figures, numbers, use by keyboard, no request, axe-core, screenshots.

Screenshots are kept in BUILD/web-screenshots. Skipped where the page was not built, and where Chromium or the packages of
package-lock.json cannot be had.
"""
import json
import os
import shutil
import subprocess
from pathlib import Path
import sys

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "apps"))
import dime_test  # noqa: E402
import machine  # noqa: E402
import report_data  # noqa: E402
from dime_test import check, equal, skip  # noqa: E402

HERE = Path(__file__).resolve().parent
FOLDER = dime_test.BUILD / "tests" / "web"
SCREENSHOTS = dime_test.BUILD / "web-screenshots"


def install():
    """The packages of package-lock.json, once for each version of it."""
    lock = HERE / "package-lock.json"
    done = FOLDER / ".installed"
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not done.exists() or done.read_text() != lock.read_text():
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, FOLDER)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-retry-mintimeout=1000"]
        run = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, timeout=machine.patience(200), check=False)
        if run.returncode != 0:
            skip(f"npm ci: {run.stderr.splitlines()[0] if run.stderr else run.returncode}")
        done.write_text(lock.read_text())
    shutil.copy(HERE / "browser.mjs", FOLDER)


def test():
    chromium = shutil.which("chromium")
    for what, there in (("chromium", chromium), ("node", shutil.which("node")), ("npm", shutil.which("npm"))):
        if not there:
            skip(f"{what} is not installed")
    if not (dime_test.BUILD / "share" / "dime" / "report.html").exists():
        skip("the page was not built: no network for npm")
    install()
    # A number of pages, which is another share of the run's peak than of the trace's pages.
    pages = report_data.line("sorter", 60, 10, "fifo", 1, 1.01 * report_data.slow_down(60, 10, "fifo", 1))
    pages["point"]["local"] = f"{report_data.PAGES * 60 // 100}p"
    pages["result"]["config"].update(local_percent=None, local_npages=report_data.PAGES * 60 // 100)
    pages["result"]["pages"]["managed_peak"] = report_data.PAGES * 80 // 100
    lines = [*report_data.sweep(), pages, *report_data.sweep("</script><b>", 3, ("fifo",))]
    results = report_data.write_lines(dime_test.scratch / "sorter.jsonl", lines)
    curves = dime_test.scratch / "sorter-whatif.json"
    curves.write_text(json.dumps(report_data.predictions()))
    page = dime_test.scratch / "report.html"
    run = dime_test.dime("report", results, curves, "-o", page)
    equal(run.status, 0, f"status ({run.err})")
    check(str(page).encode() in run.out, "the path of the page is printed")
    SCREENSHOTS.mkdir(exist_ok=True)
    environment = {**os.environ, "HOME": str(dime_test.scratch), "DIME_CHROMIUM": chromium, "DIME_TEST_PATIENCE_MS": str(int(machine.patience(60) * 1000))}
    node = subprocess.run(["node", "browser.mjs", page, SCREENSHOTS], cwd=FOLDER, env=environment, capture_output=True, text=True,
                          timeout=machine.patience(200), check=False)
    # Chromium's helpers end by themselves when it has ended.
    dime_test.wait_until(lambda: not dime_test.left_over(), "Chromium's helpers to end")
    check(node.returncode == 0, f"{node.stdout}{node.stderr[-3000:]}")


dime_test.main(test)
