#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""slow_down.py [OUTPUT.svg [REPETITIONS [LINES]]]: how much slower sort gets as less of its memory is local, as a curve.

Needs the package in python/ (pip install ./python, or PYTHONPATH=python) and `dime` in PATH.
"""
import sys

import dime

SHARES = ["100%", "80%", "60%", "40%", "20%"]
WIDTH, HEIGHT, EDGE = 480, 320, 48


def spec(repetitions, lines):
    return {
        "program": {"command": ["sort", "-n", "--parallel=1", "{scratch}/numbers"], "environment": {"LC_ALL": "C"}, "check": "output",
                    "setup": f"seq {lines} | shuf > {{scratch}}/numbers"},
        "grid": {"local": SHARES, "latency": "20us", "bandwidth": "40Gbit/s", "allow-floor": True},
        "run": {"repetitions": repetitions, "limit": "120s"},
    }


def svg(curve):
    """`curve`: pairs of per cent local and slow-down."""
    top = max(slow_down for _, slow_down in curve) * 1.1

    def place(share, slow_down):
        return f"{EDGE + share / 100 * (WIDTH - 2 * EDGE):.1f},{HEIGHT - EDGE - slow_down / top * (HEIGHT - 2 * EDGE):.1f}"

    marks = "".join(f'<text x="{x}" y="{HEIGHT - EDGE + 16}" text-anchor="middle">{share} %</text>'
                    f'<text x="{x}" y="{float(y) - 8}" text-anchor="middle">{slow_down:.2f}</text>'
                    for share, slow_down in curve for x, y in [place(share, slow_down).split(",")])
    line = " ".join(place(*point) for point in curve)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="11">'
            f'<rect width="100%" height="100%" fill="white"/>'
            f'<polyline fill="none" stroke="black" points="{place(0, 0)} {place(100, 0)}"/>'
            f'<polyline fill="none" stroke="#0060a0" stroke-width="2" points="{line}"/>{marks}'
            f'<text x="{EDGE}" y="20">run time, times native, by share of local memory</text></svg>\n')


def main():
    given = dict(enumerate(sys.argv))
    output, repetitions, lines = given.get(1, "slow_down.svg"), int(given.get(2, 3)), int(given.get(3, 100000))
    points = dime.sweep(spec(repetitions, lines), output + ".jsonl").slow_downs()
    curve = sorted((float(point.options["local"].rstrip("%")), point.slow_down) for point in points)
    for share, slow_down in curve:
        print(f"{share:4.0f} % local: {slow_down:.2f} times the native run time")
    with open(output, "w", encoding="utf-8") as file:
        file.write(svg(curve))


if __name__ == "__main__":
    main()
