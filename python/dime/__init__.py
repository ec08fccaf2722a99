# SPDX-License-Identifier: GPL-2.0
"""Starts runs and sweeps of the DiME emulator, and reads what they wrote. Needs the standard library and the program `dime` only.

    import dime
    result = dime.run(["sort", "-n", "big.txt"], local="25%", latency="20us")
    print(result.wall_s, result["faults"]["remote"])

    runs = dime.sweep("quickstart.toml", "quickstart.jsonl")
    for point in runs.slow_downs():
        print(point.options["local"], point.slow_down)
"""
from .command import DimeError, find_dime
from .results import Point, Result, SweepRun, SweepRuns, read_lines, read_result, read_sweep
from .start import run, sweep
from .table import flat, frame
from .traces import Event, read_trace, trace_summary

__all__ = ["DimeError", "Event", "Point", "Result", "SweepRun", "SweepRuns", "find_dime", "flat", "frame", "read_lines", "read_result",
           "read_sweep", "read_trace", "run", "sweep", "trace_summary"]
