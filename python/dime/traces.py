# SPDX-License-Identifier: GPL-2.0
"""Traces, as `dime trace --json` prints them; the format itself is in dime-trace(5)."""
from __future__ import annotations

import json
import os
import subprocess
from typing import Any, Dict, Iterator, NamedTuple, Optional

from .command import DimeError, complaint, find_dime, output_of
from .results import Path


class Event(NamedTuple):
    """What happened to a page."""

    time_ns: int
    pid: int
    tid: int
    page: int  # address / 4096
    what: str  # "reference", "demand", "evict-dirty" ...
    access: Optional[str]  # "read", "write", or None where that is not known


def read_trace(path: Path) -> Iterator[Event]:
    """The events of a trace one by one, whatever its length. Raises DimeError where it cannot be read; of a trace that was cut there are
    the events before the cut."""
    words = [find_dime(), "trace", os.fspath(path), "--json"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None and reader.stderr is not None
        for line in reader.stdout:
            event = json.loads(line)
            yield Event(*(event[name] for name in Event._fields))
        said = reader.stderr.read()
    if reader.returncode != 0:
        raise DimeError(complaint(said), reader.returncode)


def trace_summary(path: Path) -> Dict[str, Any]:
    """What `dime trace --summary --json` says: events, pages, threads, the working set."""
    summary: Dict[str, Any] = json.loads(output_of(["trace", os.fspath(path), "--summary", "--json"]))
    return summary
