// SPDX-License-Identifier: GPL-2.0
// Miss ratios over sizes: predicted from a trace, measured, and the optimum.
import * as Plot from "@observablehq/plot";
import { count, fixed, percent } from "./format.js";
import { colourOf, figure, pathOf, SYMBOLS } from "./figure.js";

const COLUMNS = [
  { name: "line" },
  { name: "local share", number: true, show: (value) => percent(value, 1) },
  { name: "misses", number: true, show: count },
  { name: "miss ratio", number: true, show: (value) => fixed(value, 4) },
  { name: "kind" },
];

// A share of the peak of a run is another one than of the pages of the trace, among which are those that were given back before: where a
// number of pages was asked for, that number tells the place on the curve.
function shareOf(point, curves) {
  const known = curves[0].points.find((one) => one.share > 0);
  return point.local_pages === null || !known ? point.local_share : (point.local_pages / known.local_pages) * known.share;
}

function rowsOf(curves, measured) {
  const rows = curves.flatMap((curve) => curve.points.map((point) => ({ line: curve.policy, share: point.share, misses: point.misses, ratio: point.miss_ratio, kind: point.good ? "predicted" : "extrapolated" })));
  const best = curves[0].points.map((point) => ({ line: "opt", share: point.share, misses: point.opt_misses, ratio: point.opt_ratio, kind: "optimum" }));
  const { references } = curves[0];
  return [...rows, ...best, ...measured.map((point) => ({ line: point.policy, share: shareOf(point, curves), misses: point.faults, ratio: point.faults / references, kind: "measured" }))];
}

function draw(curves, measured, width) {
  const rows = rowsOf(curves, measured);
  const lines = [...new Set(rows.filter((row) => row.line !== "opt" || row.kind !== "optimum").map((row) => row.line))];
  const of = (kind) => rows.filter((row) => row.kind === kind);
  const predicted = rows.filter((row) => row.kind === "predicted" || row.kind === "extrapolated");
  const x = (row) => 100 * row.share;
  const svg = Plot.plot({
    width,
    height: Math.max(260, Math.min(400, width * 0.5)),
    marginLeft: 56,
    marginRight: 20,
    marginBottom: 46,
    style: { background: "none", fontSize: "13px" },
    x: { label: "local share of memory (%)", reverse: true, labelAnchor: "center", nice: true, ticks: width < 500 ? 5 : 10 },
    y: { label: "miss ratio", zero: true, nice: true, grid: true },
    color: { domain: lines, range: lines.map((_, i) => colourOf(i)) },
    symbol: { domain: lines, range: lines.map((_, i) => SYMBOLS[i % SYMBOLS.length]) },
    marks: [
      Plot.line(of("optimum"), { x, y: "ratio", stroke: "currentColor", strokeDasharray: "5 4", strokeWidth: 1.5 }),
      Plot.line(predicted, { x, y: "ratio", z: "line", stroke: "line", strokeWidth: 2 }),
      Plot.dot(of("extrapolated"), { x, y: "ratio", stroke: "line", r: 3 }),
      Plot.dot(of("measured"), { x, y: "ratio", fill: "line", symbol: "line", r: 6, stroke: "currentColor", strokeWidth: 1 }),
      Plot.tip(rows, Plot.pointer({ x, y: "ratio", title: (row) => `${row.line}, ${row.kind}\n${percent(row.share, 1)} local: ${count(row.misses)} misses (${fixed(row.ratio, 4)})`, fill: "var(--ground)" })),
    ],
  });
  const pairs = of("measured").length;
  return {
    svg,
    legend: [...lines.map((name, i) => ({ name, colour: colourOf(i), path: of("measured").some((row) => row.line === name) ? pathOf(i) : null })), { name: "opt (no policy can be better)", colour: "currentColor", dash: "5 4" }],
    summary: `Predicted curves of ${curves.map((curve) => curve.policy).join(", ")}${pairs ? `, with ${pairs} measured points on them` : ""}.`,
    columns: COLUMNS,
    rows: rows.map((row) => [row.line, row.share, row.misses, row.ratio, row.kind]),
  };
}

/** One figure for each trace, by the program that it belongs to and its file. */
export function missFigures(report) {
  const traces = [...new Set(report.curves.map((curve) => curve.source))];
  return traces.map((source, i) => {
    const curves = report.curves.filter((curve) => curve.source === source);
    const program = curves[0].program;
    const policies = curves.map((curve) => curve.policy);
    const seen = new Set();
    // The number of faults does not depend on the network: one point for each policy and size.
    const measured = report.points.filter((point) => {
      const key = `${point.policy} ${shareOf(point, curves)}`;
      const wanted = program && point.program === program && !point.native && point.faults !== null && point.local_share !== null && policies.includes(point.policy) && !seen.has(key);
      return wanted && seen.add(key);
    });
    return figure({
      id: `misses-${i + 1}`,
      title: `Miss ratios of ${program || source}`,
      heading: program ? `${program} (${source})` : source,
      caption: `Which share of the references to pages in the trace would miss the local memory. Lines are predictions for each policy${measured.length ? "; marks are the page faults of measured runs, as a share of the same references, and should lie on the line of their policy" : ""}. The dashed line is the optimum, which knows the future: how far a policy lies above it is what a better one could gain. Circles without filling lie below the sizes that the trace covers.`,
      draw: (width) => draw(curves, measured, width),
    });
  });
}
