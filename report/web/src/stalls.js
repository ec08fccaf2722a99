// SPDX-License-Identifier: GPL-2.0
// How long single stalls took, against what was asked for.
import * as Plot from "@observablehq/plot";
import { axisOf, count, micros, percent } from "./format.js";
import { selection } from "./dom.js";
import { colourOf, figure } from "./figure.js";

const COLUMNS = [
  { name: "line" },
  { name: "stall up to (ns)", number: true, show: count },
  { name: "stalls", number: true, show: count },
  { name: "share up to here", number: true, show: (value) => percent(value, 2) },
];

function cumulated(point) {
  const all = point.histogram.reduce((sum, [, stalls]) => sum + stalls, 0);
  let sum = 0;
  return point.histogram.map(([upper, stalls]) => {
    sum += stalls;
    return { series: point.series, upper, stalls, share: sum / all };
  });
}

function draw(program, points, width) {
  const steps = points.flatMap(cumulated);
  const targets = points.filter((point) => point.target_ns > 0);
  const lines = points.map((point) => point.series);
  const floors = points.filter((point) => point.floor_ns > 0);
  const floor = floors.length ? Math.max(...floors.map((point) => point.floor_ns)) : 0;
  const first = points.map((point) => ({ series: point.series, upper: Math.min(point.histogram[0][0], point.target_ns || Infinity) * 0.97, share: 0 }));
  const low = Math.min(...first.map((step) => step.upper), floor || Infinity) / 1000;
  // Up to where all but one in a thousand are: single stalls may be a thousand times as long.
  const high = Math.max(...points.map((point) => cumulated(point).find((step) => step.share >= 0.999).upper), ...targets.map((point) => point.target_ns)) / 1000;
  const svg = Plot.plot({
    width,
    height: Math.max(250, Math.min(360, width * 0.42)),
    marginLeft: 48,
    marginRight: 24,
    marginBottom: 46,
    style: { background: "none", fontSize: "13px" },
    x: { type: "log", label: "length of a stall (µs)", labelAnchor: "center", domain: [low * 0.75, Math.max(high * 1.15, low * 2)], ticks: width < 500 ? 4 : 8, tickFormat: (value) => (/^[125]/.test(String(value).replace(/^0\.0*/, "")) ? String(value) : "") },
    y: { label: "share of stalls up to this length (%)", domain: [0, 100], grid: true },
    color: { domain: program.series, range: program.series.map((_, i) => colourOf(i)) },
    marks: [
      Plot.ruleX(targets, { x: (point) => point.target_ns / 1000, stroke: "series", strokeDasharray: "6 3", strokeWidth: 1.5 }),
      targets.length ? Plot.text([targets[0]], { x: (point) => point.target_ns / 1000, text: () => "target", frameAnchor: "bottom", textAnchor: "start", dx: 5, dy: -6, fill: "currentColor" }) : null,
      floor ? Plot.ruleX([floor / 1000], { strokeDasharray: "1 3", strokeWidth: 2 }) : null,
      floor ? Plot.text([floor / 1000], { x: (value) => value, text: () => "floor", frameAnchor: "bottom", textAnchor: "end", dx: -5, dy: -6, fill: "currentColor" }) : null,
      Plot.line([...first, ...steps].sort((one, other) => lines.indexOf(one.series) - lines.indexOf(other.series) || one.upper - other.upper), { x: (step) => step.upper / 1000, y: (step) => 100 * step.share, z: "series", stroke: "series", curve: "step-before", strokeWidth: 2, clip: true }),
      Plot.tip(steps.filter((step) => step.upper / 1000 <= high), Plot.pointer({ x: (step) => step.upper / 1000, y: (step) => 100 * step.share, title: (step) => `${step.series}\n${percent(step.share, 2)} of the stalls took at most ${micros(step.upper)}`, fill: "var(--ground)" })),
    ],
  });
  const middle = points.map((point) => `${point.series}: half of the stalls took at most ${micros(point.stall_p50_ns)}, 99 of 100 at most ${micros(point.stall_p99_ns)}${point.target_ns ? `, asked for were ${micros(point.target_ns)}` : ""}`);
  return {
    svg,
    legend: points.length > 1 ? points.map((point) => ({ name: point.series, colour: colourOf(program.series.indexOf(point.series)) })) : [],
    summary: `${middle.join("; ")}.`,
    columns: COLUMNS,
    rows: steps.map((step) => [step.series, step.upper, step.stalls, step.share]),
  };
}

/** Figures of the programs that had stalls; which point is shown can be chosen. */
export function stallFigures(report) {
  return report.programs.flatMap((program, i) => {
    const points = report.points.filter((point) => point.program === program.name && !point.native && point.histogram.length > 0);
    if (points.length === 0) {
      return [];
    }
    const places = [...new Set(points.map((point) => point.position))].sort((one, other) => one - other);
    let place = places[0];
    return [figure({
      id: `stalls-${i + 1}`,
      title: `Length of the stalls of ${program.name}`,
      heading: program.name,
      caption: "Each access to a remote page stalls its thread. The line says which share of the stalls took at most so long; the steeper it rises at the target (dashed: latency and transfer time that were asked for), the better the emulation. What lies to the right of it waited for the link or for the processor; the longest stalls, one in a thousand, are in the table only. Nothing can be shorter than the floor (dotted): the time that a remote access takes on this machine without any delay.",
      controls: (redraw) => (places.length > 1 ? [selection("Point", places.map((at) => axisOf(program).text(at)), (chosen) => { place = places[chosen]; redraw(); })] : []),
      draw: (width) => draw(program, points.filter((point) => point.position === place), width),
    })];
  });
}
