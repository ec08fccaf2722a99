# SPDX-License-Identifier: GPL-2.0
"""Starting runs and sweeps."""
from __future__ import annotations

import json
import os
import subprocess
import tempfile
from typing import Any, Dict, Optional, Sequence, Union

from .command import DimeError, complaint, find_dime, options_of
from .results import Path, Result, SweepRuns, read_result, read_sweep


def run(command: Sequence[str], *, stdout: Any = None, cwd: Optional[Path] = None, env: Optional[Dict[str, str]] = None,
        **options: Any) -> Result:
    """Runs a program emulated, with the options of `dime run` as keywords: local="25%", latency="20us", allow_floor=True. The program's
    standard output goes to `stdout` as in subprocess. Raises DimeError where it could not be emulated; a program that ends with
    another status than 0 is a result (`exit_status`)."""
    with tempfile.TemporaryDirectory(prefix="dime-") as folder:
        path = os.path.join(folder, "result.json")
        words = [find_dime(), "run", *options_of(**options), "--json", path, "--", *command]
        done = subprocess.run(words, stdout=stdout, stderr=subprocess.PIPE, text=True, errors="replace", cwd=cwd, env=env, check=False)
        if not os.path.exists(path):
            raise DimeError(complaint(done.stderr), done.returncode)
        return read_result(path)


def _toml(value: Any) -> str:
    """A value as TOML: JSON but for tables."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def spec_text(spec: Dict[str, Any]) -> str:
    """A spec as the text that `dime sweep` reads, from {"program": {...}, "grid": {...}, "run": {...}}."""
    return "".join(f"{json.dumps(key)} = {_toml(value)}\n" for key, value in spec.items())


def sweep(spec: Union[Path, Dict[str, Any]], output: Path, *, resume: bool = False, **options: Any) -> SweepRuns:
    """Runs a sweep and reads its results. `spec` is a file, or what would stand in one, with folders relative to the current one.
    `resume` goes on where an earlier one ended. Raises DimeError where the sweep cannot be started; runs that failed are in the results."""
    with tempfile.TemporaryDirectory(prefix="dime-") as folder:
        if isinstance(spec, dict):
            program = spec.get("program", {})
            here = {"folder": os.getcwd(), **program} if isinstance(program, dict) else [{"folder": os.getcwd(), **one} for one in program]
            path: Path = os.path.join(folder, "spec.toml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(spec_text({**spec, "program": here}))
        else:
            path = spec
        words = [find_dime(), "sweep", os.fspath(path), *options_of(output=os.fspath(output), resume=resume, **options)]
        done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", check=False)
        # 1: something failed in it, which its results tell.
        if done.returncode not in (0, 1) or not os.path.exists(output):
            raise DimeError(complaint(done.stderr), done.returncode)
        return read_sweep(output)
