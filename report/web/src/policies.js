// SPDX-License-Identifier: GPL-2.0
// Policies and prefetchers compared at one point.
import * as Plot from "@observablehq/plot";
import { axisOf, count, fixed } from "./format.js";
import { selection } from "./dom.js";
import { colourOf, figure } from "./figure.js";

const COLUMNS = [
  { name: "policy" },
  { name: "slow-down", number: true, show: (value) => fixed(value, 3) },
  { name: "interval from", number: true, show: (value) => fixed(value, 3) },
  { name: "interval to", number: true, show: (value) => fixed(value, 3) },
  { name: "remote faults", number: true, show: count },
];

/** Policy and prefetcher of a point, and what else tells its line from others. */
function nameOfChoice(point) {
  return point.prefetch && point.prefetch !== "none" ? `${point.policy} + ${point.prefetch}` : point.policy;
}

function draw(points, width) {
  const timed = points.every((point) => point.slowdown !== null);
  const value = (point) => (timed ? point.slowdown : point.remote_faults);
  const sorted = [...points].sort((one, other) => value(one) - value(other));
  const label = (point) => (points.filter((other) => nameOfChoice(other) === nameOfChoice(point)).length > 1 ? point.series : nameOfChoice(point));
  const longest = Math.max(...sorted.map((point) => label(point).length));
  const marginLeft = Math.min(width * 0.45, 24 + 7 * longest);
  const svg = Plot.plot({
    width,
    height: 70 + 34 * sorted.length,
    marginLeft,
    marginRight: 56,
    marginBottom: 46,
    style: { background: "none", fontSize: "13px" },
    x: { label: timed ? "slow-down (times the native run)" : "remote faults", zero: true, grid: true, nice: true, labelAnchor: "center", ticks: width < 500 ? 4 : 8 },
    y: { label: null, domain: sorted.map(label), tickFormat: (text) => (7 * text.length > marginLeft - 14 ? `${text.slice(0, Math.floor((marginLeft - 14) / 7) - 1)}…` : text) },
    marks: [
      Plot.barX(sorted, { x: value, y: label, fill: colourOf(0), fillOpacity: 0.85, insetTop: 4, insetBottom: 4 }),
      timed ? Plot.ruleY(sorted, { y: label, x1: (point) => point.slowdown_interval[0], x2: (point) => point.slowdown_interval[1], strokeWidth: 2 }) : null,
      Plot.text(sorted, { x: (point) => (timed ? Math.max(point.slowdown, point.slowdown_interval[1]) : value(point)), y: label, text: (point) => (timed ? `${point.slowdown.toFixed(2)}×` : count(value(point))), textAnchor: "start", dx: 6, fill: "currentColor" }),
      timed ? Plot.ruleX([1], { strokeDasharray: "4 3" }) : null,
    ],
  });
  return {
    svg,
    summary: `The best is ${label(sorted[0])}, the worst ${label(sorted.at(-1))}.`,
    columns: COLUMNS,
    rows: sorted.map((point) => [label(point), point.slowdown, point.slowdown_interval?.[0] ?? null, point.slowdown_interval?.[1] ?? null, point.remote_faults]),
  };
}

/** Figures of the programs that ran with more than one policy or prefetcher. */
export function policyFigures(report) {
  return report.programs.flatMap((program, i) => {
    const points = report.points.filter((point) => point.program === program.name && !point.native && point.runs.length > 0 && point.remote_faults !== null);
    if (new Set(points.map(nameOfChoice)).size < 2) {
      return [];
    }
    const places = [...new Set(points.map((point) => point.position))].sort((one, other) => one - other);
    let place = places[0];
    return [figure({
      id: `policies-${i + 1}`,
      title: `Policies and prefetchers of ${program.name}`,
      heading: program.name,
      caption: "The same program at the same point with each policy that was run, the best first. A policy chooses which page leaves when room is needed; a shorter bar means that it more often kept what was needed again. Thin lines are intervals of the median: policies whose intervals overlap are not told apart by these runs.",
      controls: (redraw) => (places.length > 1 ? [selection("Point", places.map((at) => axisOf(program).text(at)), (chosen) => { place = places[chosen]; redraw(); })] : []),
      draw: (width) => draw(points.filter((point) => point.position === place), width),
    })];
  });
}
