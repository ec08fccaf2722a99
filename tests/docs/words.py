# SPDX-License-Identifier: GPL-2.0
"""words.py: names that misled readers and do not come back, each with what is written instead.

Decision records and the changelog keep their history; `mend` stays as the JSON key of `dime doctor`, which scripts read.
"""
import re

import sources

BETTER = {
    r"settled?\b|settle_": "say what it does: reconcile, repay_debt, move_to_set, is_resident",
    r"[Kk]eepers?\b": "PageManager",
    r"\bupkeep\b": "maintenance",
    r"\bcensus\b|Census\b": "Environment, or validate",
    r"\bspread_out\b": "start_managing",
    r"\bsha(ke|ken)\b": "jittered",
    r"DIME_CHECKED\b": "DIME_TRY_VOID",
    r"\bdk_sa(y|id)_": "dk_hints_",
    r"\bbooks\b": "page records",
    r"\bmend(s|ed)?\b": "fix, hint",
    r"\bheld_raw\b|\bHeld\b(?! around)": "PinnedBuffers, call_with_buffers_pinned",
}
UNTOUCHED = ("docs/adr/", "CHANGELOG.md", "LICENSE", "tests/docs/words.py", "tests/suites/")
TEXTS = (".c", ".cc", ".h", ".md", ".py", ".sh", ".txt", "")
KEY = re.compile(r'"mend"|`mend`')

if __name__ == "__main__":
    problems = []
    for path in sources.files():
        name = sources.name(path)
        if name.startswith(UNTOUCHED) or path.suffix not in TEXTS:
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            line = KEY.sub("", line)
            problems += [f"{name}:{number}: {found.group()!r}: {better}" for word, better in BETTER.items()
                         for found in re.finditer(word, line)]
    sources.verdict(problems)
