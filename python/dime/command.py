# SPDX-License-Identifier: GPL-2.0
"""The program `dime`: where it is, how keyword arguments become options, and its refusals as exceptions."""
from __future__ import annotations

import os
import shutil
import subprocess
from typing import Any, List, Optional, Sequence


class DimeError(Exception):
    """What `dime` refused or could not do, in its own words; `status` is its exit status."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.status = status


def find_dime() -> str:
    """The program: $DIME where it is set, or the one in PATH. Raises DimeError."""
    found = os.environ.get("DIME") or shutil.which("dime")
    if not found:
        raise DimeError("dime is not in PATH; install it, or set DIME to the program")
    return found


def options_of(**options: Any) -> List[str]:
    """Words for keyword arguments: write_bandwidth="1GB/s" is --write-bandwidth 1GB/s; True is the option alone, None and False are
    nothing; a list is the option several times, a tuple its words."""
    words: List[str] = []
    for key, value in options.items():
        name = "--" + key.replace("_", "-")
        for one in value if isinstance(value, list) else [value]:
            if one is None or one is False:
                continue
            words.append(name)
            if one is not True:
                words += [str(word) for word in (one if isinstance(one, tuple) else (one,))]
    return words


def complaint(text: Optional[str]) -> str:
    """The lines of standard error that are errors, without what stands in front of them."""
    lines = [line[len("dime: "):] for line in (text or "").splitlines() if line.startswith(("dime: error:", "dime: try:"))]
    return "; ".join(lines) or "dime failed and did not say why"


def output_of(words: Sequence[str]) -> str:
    """The standard output of `dime WORDS`. Raises DimeError where it ends with another status than 0."""
    done = subprocess.run([find_dime(), *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise DimeError(complaint(done.stderr), done.returncode)
    return done.stdout
