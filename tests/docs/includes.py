# SPDX-License-Identifier: GPL-2.0
"""includes.py: no arrow upward: what each folder of the ground floors may not include."""
import re

import sources

FORBIDDEN = {
    "core": ("policies/", "engines/", "cli/", "report/", "control/", "base/"),
    "policies": ("engines/", "cli/", "report/", "control/", "base/"),
    "prefetchers": ("policies/", "engines/", "cli/", "report/", "control/", "base/"),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*["<]([^">]+)[">]', re.MULTILINE)

if __name__ == "__main__":
    problems = []
    for path in sources.files():
        floor = sources.name(path).split("/")[0]
        if floor in FORBIDDEN and path.suffix in (".cc", ".h"):
            problems += [f"{sources.name(path)}: includes {included}" for included in INCLUDE.findall(path.read_text())
                         if included.startswith(FORBIDDEN[floor])]
    sources.verdict(problems)
