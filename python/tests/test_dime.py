# SPDX-License-Identifier: GPL-2.0
"""python3 -m unittest discover -s python/tests: needs the package and `dime` (DIME, or in PATH)."""
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import dime
from dime.command import options_of
from dime.start import spec_text

ROOT = Path(__file__).resolve().parents[2]


def line(native, wall_s, repetition=1, point=None, status="ok"):
    return {"schema": 1, "kind": "sweep-run", "program": "p", "native": native, "point": point, "repetition": repetition, "status": status,
            "wall_s": wall_s, "metrics": {}, "result": None}


class Words(unittest.TestCase):
    def test_options(self):
        self.assertEqual(options_of(local="25%", allow_floor=True, no_follow=False, seed=None, at=[("1s", "down"), ("2s", "up")]),
                         ["--local", "25%", "--allow-floor", "--at", "1s", "down", "--at", "2s", "up"])

    def test_spec(self):
        text = spec_text({"program": {"command": ["a", 'b"']}, "grid": {"allow-floor": True}})
        self.assertEqual(text, '"program" = { "command" = ["a", "b\\""] }\n"grid" = { "allow-floor" = true }\n')

    def test_no_dime(self):
        with mock.patch.dict("os.environ", {"PATH": "/nowhere", "DIME": ""}), self.assertRaisesRegex(dime.DimeError, "not in PATH"):
            dime.find_dime()


class Results(unittest.TestCase):
    def read(self, *lines, cut=""):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write("".join(json.dumps(one) + "\n" for one in lines) + cut)
            file.flush()
            return dime.read_sweep(file.name)

    def test_slow_downs_are_paired_by_pass(self):
        half = {"local": "50%"}
        runs = self.read(line("no-thp", 1.0), line(None, 2.0, 1, half), line("no-thp", 2.0, 2), line(None, 6.0, 2, half),
                         line("no-thp", 1.0, 3), line(None, 9.0, 3, half, status="failed"), cut='{"kind": "swe')
        point, = runs.slow_downs()
        self.assertEqual((point.options, point.wall_s, point.slow_down, point.runs), (half, 4.0, 2.5, 2))

    def test_damaged(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("{}\nnonsense\n{}\n")
            file.flush()
            with self.assertRaisesRegex(dime.DimeError, "line 2"):
                dime.read_lines(file.name)

    def test_other_schema(self):
        with self.assertRaisesRegex(dime.DimeError, "schema 2"):
            dime.Result({"schema": 2})

    def test_flat(self):
        self.assertEqual(dime.flat({"a": {"b": {"c": 1}}, "d": [2]}), {"a.b.c": 1, "d": [2]})


class Programs(unittest.TestCase):
    def test_run(self):
        result = dime.run(["sh", "-c", "seq 1000 | sort -n | tail -1; exit 3"], local="200p", latency="20us", allow_floor=True,
                          stdout=open("/dev/null", "w", encoding="utf-8"))
        self.assertEqual(result.exit_status, 3)
        self.assertGreater(result.wall_s, 0)
        self.assertGreater(result["faults"]["total"], 0)
        self.assertEqual(sum(count for _, count in result.stalls), result["stall_ns"]["count"])

    def test_refused(self):
        with self.assertRaisesRegex(dime.DimeError, "--local") as raised:
            dime.run(["true"], local="many")
        self.assertEqual(raised.exception.status, 125)

    def test_trace(self):
        events = list(dime.read_trace(ROOT / "docs/samples/belady.trace"))
        self.assertEqual([event.page for event in events[:4]], [1, 2, 3, 4])
        self.assertEqual(events[0].what, "reference")
        self.assertEqual(dime.trace_summary(ROOT / "docs/samples/belady.trace")["events"], len(events))

    def test_no_trace(self):
        with self.assertRaises(dime.DimeError):
            list(dime.read_trace("/nowhere/trace"))


if __name__ == "__main__":
    unittest.main()
