// SPDX-License-Identifier: GPL-2.0
// Slow-down over the local share, or over what else was varied.
import * as Plot from "@observablehq/plot";
import { axisOf, fixed, nameOf, percent } from "./format.js";
import { checkbox } from "./dom.js";
import { colourOf, figure, pathOf, SYMBOLS } from "./figure.js";

const COLUMNS = [
  { name: "line" },
  { name: "position" },
  { name: "slow-down", number: true, show: (value) => fixed(value, 3) },
  { name: "interval from", number: true, show: (value) => fixed(value, 3) },
  { name: "interval to", number: true, show: (value) => fixed(value, 3) },
  { name: "runs", number: true },
];

function summaryOf(program, points) {
  const worst = points.reduce((one, other) => (other.slowdown > one.slowdown ? other : one));
  return `${program.series.length === 1 ? "One line" : `${program.series.length} lines`} of ${points.length} points; the largest slow-down is ${worst.slowdown.toFixed(2)} times at ${nameOf(worst, program)}.`;
}

function draw(program, points, single, width) {
  const axis = axisOf(program);
  const order = (point) => program.series.indexOf(point.series);
  const x = (point) => point.position * axis.scale;
  const runs = points.flatMap((point) => point.runs.filter((run) => run.slowdown !== null).map((run) => ({ ...run, position: point.position, series: point.series })));
  const shown = [...points].sort((one, other) => order(one) - order(other) || one.position - other.position);
  const logarithmic = program.axis !== "local" && Math.max(...points.map(x)) > 20 * Math.min(...points.map(x));
  const svg = Plot.plot({
    width,
    height: Math.max(260, Math.min(400, width * 0.5)),
    marginLeft: 48,
    marginRight: 20,
    marginBottom: 46,
    style: { background: "none", fontSize: "13px" },
    x: { label: `${axis.title} (${axis.unit})`, type: logarithmic ? "log" : "linear", reverse: program.axis === "local", nice: true, labelAnchor: "center", ticks: width < 500 ? 5 : 10 },
    y: { label: "slow-down (times the native run)", zero: false, nice: true, grid: true, domain: [Math.min(1, ...points.map((p) => p.slowdown_interval[0])), Math.max(1.1, ...points.map((p) => p.slowdown_interval[1]))] },
    color: { domain: program.series, range: program.series.map((_, i) => colourOf(i)) },
    symbol: { domain: program.series, range: program.series.map((_, i) => SYMBOLS[i % SYMBOLS.length]) },
    marks: [
      Plot.ruleY([1], { strokeDasharray: "4 3", strokeOpacity: 0.7 }),
      Plot.ruleX(shown, { x, y1: (p) => p.slowdown_interval[0], y2: (p) => p.slowdown_interval[1], stroke: "series", strokeWidth: 2, strokeOpacity: 0.6 }),
      Plot.line(shown, { x, y: "slowdown", stroke: "series", z: "series", strokeWidth: 2 }),
      single ? Plot.dot(runs, { x: (run) => run.position * axis.scale, y: "slowdown", stroke: "series", r: 3, strokeOpacity: 0.8 }) : null,
      Plot.dot(shown, { x, y: "slowdown", fill: "series", symbol: "series", r: 4.5 }),
      Plot.tip(shown, Plot.pointer({ x, y: "slowdown", title: (p) => `${nameOf(p, program)}\n${p.slowdown.toFixed(2)} times (${p.slowdown_interval[0].toFixed(2)} to ${p.slowdown_interval[1].toFixed(2)}), ${p.runs.length} runs${p.doubts.length ? `\n${p.doubts.join("; ")}` : ""}`, fill: "var(--ground)" })),
    ],
  });
  return {
    svg,
    legend: program.series.length > 1 ? program.series.map((name, i) => ({ name, colour: colourOf(i), path: pathOf(i) })) : [],
    summary: summaryOf(program, points),
    columns: COLUMNS,
    rows: shown.map((p) => [p.series, axis.text(p.position), p.slowdown, p.slowdown_interval[0], p.slowdown_interval[1], p.runs.length]),
  };
}

function captionOf(program, points) {
  const least = Math.min(...points.map((point) => point.slowdown_interval[2]));
  const over = program.axis === "local" ? "To the right less of the memory is local, so more accesses have to wait for the network." : `Each line shows what a change of the ${axisOf(program).title} costs.`;
  const interval = least < 0.95 ? `with a probability of ${percent(least)} (all runs lie in it, as there are fewer than 6)` : "with a probability of at least 95 %";
  return `How many times as long the program takes as the same program natively; 1 (dashed) is no slow-down. ${over} A mark is the median of the runs, each compared with the native run of the same pass; the bar through it holds the true median ${interval}.`;
}

/** Figures of the programs that have native runs to compare with and something that varies. */
export function slowdownFigures(report) {
  return report.programs.flatMap((program, i) => {
    const points = report.points.filter((point) => point.program === program.name && !point.native && point.position !== null && point.slowdown !== null);
    if (points.length < 2 || program.axis === "none") {
      return [];
    }
    let single = false;
    return [figure({
      id: `slow-down-${i + 1}`,
      title: `Slow-down of ${program.name} by ${axisOf(program).title}`,
      heading: program.name,
      caption: captionOf(program, points),
      controls: (redraw) => [checkbox("Show single runs", (checked) => { single = checked; redraw(); })],
      draw: (width) => draw(program, points, single, width),
    })];
  });
}

