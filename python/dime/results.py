# SPDX-License-Identifier: GPL-2.0
"""Results as `dime run --json` and `dime sweep` write them; the keys are in dime-result(5)."""
from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Dict, Iterator, List, Optional, Tuple, Union

from .command import DimeError

Path = Union[str, "os.PathLike[str]"]
SCHEMA = 1


class Result(Mapping):  # type: ignore[type-arg]
    """One run: a mapping with the keys of the JSON object."""

    def __init__(self, content: Dict[str, Any]) -> None:
        if content.get("schema") != SCHEMA:
            raise DimeError(f"the result has schema {content.get('schema')!r}; this package reads {SCHEMA}")
        self._content = content

    def __getitem__(self, key: str) -> Any:
        return self._content[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content)

    def __len__(self) -> int:
        return len(self._content)

    @property
    def wall_s(self) -> float:
        """Run time in seconds."""
        return float(self["wall_s"])

    @property
    def exit_status(self) -> int:
        return int(self["exit_status"])

    @property
    def stalls(self) -> List[Tuple[int, int]]:
        """The histogram of stalls: upper end of a bucket in nanoseconds, and how many."""
        return [(int(upper), int(count)) for upper, count in self["stall_ns"]["histogram"]]


@dataclass(frozen=True)
class SweepRun:
    """One line of a file of results."""

    program: str
    native: Optional[str]  # "no-thp", "thp", or None where the run was emulated
    options: Dict[str, Any]  # of the grid
    repetition: int
    ok: bool
    wall_s: Optional[float]
    metrics: Dict[str, float]
    result: Optional[Result]
    line: Dict[str, Any]  # everything


@dataclass(frozen=True)
class Point:
    """A program at one point of the grid."""

    program: str
    options: Dict[str, Any]
    wall_s: float  # median
    slow_down: Optional[float]  # median of the quotients with the native run of the same pass; None without native runs
    runs: int


class SweepRuns(Sequence):  # type: ignore[type-arg]
    """The runs of a sweep, in the order in which they ended."""

    def __init__(self, runs: List[SweepRun]) -> None:
        self._runs = runs

    def __getitem__(self, index: Any) -> Any:
        return self._runs[index]

    def __len__(self) -> int:
        return len(self._runs)

    def slow_downs(self) -> List[Point]:
        """The points in the order of the grid's first pass, without what failed."""
        good = [run for run in self._runs if run.ok and run.wall_s is not None and run.repetition > 0]
        native = {(run.program, run.repetition): run.wall_s for run in good if run.native == "no-thp" and run.wall_s}
        groups: Dict[Tuple[str, str], List[SweepRun]] = {}
        for run in good:
            if run.native is None:
                groups.setdefault((run.program, json.dumps(run.options, sort_keys=True)), []).append(run)
        points = []
        for runs in groups.values():
            ratios = [run.wall_s / native[run.program, run.repetition] for run in runs
                      if run.wall_s is not None and (run.program, run.repetition) in native]
            points.append(Point(runs[0].program, runs[0].options, median(run.wall_s or 0 for run in runs),
                                median(ratios) if ratios else None, len(runs)))
        return points


def read_lines(path: Path) -> List[Dict[str, Any]]:
    """JSON lines: results of sweeps, samples, predictions. A last line that was cut is left out."""
    lines: List[Dict[str, Any]] = []
    with open(path, encoding="utf-8") as file:
        texts = file.read().split("\n")
    for number, text in enumerate(texts, 1):
        try:
            if text.strip():
                lines.append(json.loads(text))
        except json.JSONDecodeError as problem:
            if number == len(texts):
                break
            raise DimeError(f"{os.fspath(path)}: line {number}: {problem}") from None
    return lines


def read_result(path: Path) -> Result:
    """What `dime run --json FILE` wrote."""
    with open(path, encoding="utf-8") as file:
        return Result(json.load(file))


def read_sweep(path: Path) -> SweepRuns:
    """What `dime sweep -o FILE` wrote, also of a sweep that is not at its end."""
    return SweepRuns([
        SweepRun(line["program"], line["native"], line["point"] or {}, line["repetition"], line["status"] == "ok", line["wall_s"],
                 line["metrics"] or {}, Result(line["result"]) if line["result"] else None, line)
        for line in read_lines(path) if line.get("kind") == "sweep-run"])
