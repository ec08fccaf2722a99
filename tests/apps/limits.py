# SPDX-License-Identifier: GPL-2.0
"""What `--local` promises about a result."""
from dime_test import check

# Pages that a program has touched before its memory is managed: they count as local whatever a percentage of so few would be.
START_PAGES = 96


def limit_of(local, result):
    """The limit in pages that `local` (as given to --local) meant in this run, at its highest."""
    if local.endswith("p"):
        return int(local[:-1])
    if local.endswith("MiB"):
        return int(local[:-3]) * 256
    share = float(local.rstrip("%")) / 100
    return int(share * result["pages"]["managed_peak"]) + START_PAGES


def check_limit(local, run):
    peak = run.result["pages"]["local_peak"]
    limit = limit_of(local, run.result)
    check(peak <= limit, f"--local {local}: {peak} pages were local, the limit is {limit}")
