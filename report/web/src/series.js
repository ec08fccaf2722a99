// SPDX-License-Identifier: GPL-2.0
// What happened over the time of a run: `samples` of its result.
import * as Plot from "@observablehq/plot";
import { axisOf, count, fixed, nameOf } from "./format.js";
import { selection } from "./dom.js";
import { colourOf, figure } from "./figure.js";

// What can be shown, and how a sample becomes a value of it.
const KINDS = [
  { name: "remote faults a second", of: (sample) => sample.remote / sample.wall_s, show: count },
  { name: "stalls (% of the threads' time)", of: (sample) => (100 * sample.stall_s) / (sample.wall_s * Math.max(1, sample.threads ?? 1)), show: fixed },
  { name: "local memory (MiB)", of: (sample) => sample.local_pages / 256, show: fixed },
  { name: "remote memory (MiB)", of: (sample) => sample.remote_pages / 256, show: fixed },
  { name: "evictions a second", of: (sample) => sample.evictions / sample.wall_s, show: count },
  { name: "link in use (%)", of: (sample) => 100 * sample.rx_busy, show: fixed },
];

function draw(point, kind, width) {
  const rows = point.samples.map((sample) => ({ at: sample.at_s, value: kind.of(sample) })).filter((row) => Number.isFinite(row.value));
  const svg = Plot.plot({
    width,
    height: Math.max(220, Math.min(300, width * 0.35)),
    marginLeft: 64,
    marginRight: 20,
    marginBottom: 46,
    style: { background: "none", fontSize: "13px" },
    x: { label: "time (s)", labelAnchor: "center", nice: true, ticks: width < 500 ? 5 : 10 },
    y: { label: kind.name, zero: true, nice: true, grid: true },
    marks: [
      Plot.areaY(rows, { x: "at", y: "value", fill: colourOf(0), fillOpacity: 0.15, curve: "step-before" }),
      Plot.lineY(rows, { x: "at", y: "value", stroke: colourOf(0), strokeWidth: 2, curve: "step-before" }),
      Plot.tip(rows, Plot.pointerX({ x: "at", y: "value", title: (row) => `${fixed(row.at, 2)} s\n${kind.show(row.value)} ${kind.name}`, fill: "var(--ground)" })),
    ],
  });
  const most = rows.reduce((one, other) => (other.value > one.value ? other : one), { at: 0, value: 0 });
  return {
    svg,
    summary: `${kind.name}: ${rows.length} samples, at most ${kind.show(most.value)} at ${fixed(most.at, 2)} s.`,
    columns: [{ name: "time (s)", number: true, show: (value) => fixed(value, 3) }, { name: kind.name, number: true, show: kind.show }],
    rows: rows.map((row) => [row.at, row.value]),
  };
}

/** Figures of the programs whose results have samples. */
export function seriesFigures(report) {
  return report.programs.flatMap((program, i) => {
    const points = report.points.filter((point) => point.program === program.name && Array.isArray(point.samples) && point.samples.length > 1);
    const kinds = KINDS.filter((kind) => points.some((point) => point.samples.some((sample) => Number.isFinite(kind.of(sample)))));
    if (points.length === 0 || kinds.length === 0) {
      return [];
    }
    // The smallest share first: there most happens.
    const sorted = [...points].sort((one, other) => (one.position ?? 0) - (other.position ?? 0));
    let [point] = sorted;
    let [kind] = kinds;
    return [figure({
      id: `series-${i + 1}`,
      title: `${program.name} over time`,
      heading: program.name,
      caption: `What happened while the program ran, in steps of a sample; it is the first run of the point. A phase with many remote faults is one whose data do not fit into the local memory${program.axis === "local" ? `: compare it with the same time at another ${axisOf(program).title}` : ""}.`,
      controls: (redraw) => [
        selection("Show", kinds.map((one) => one.name), (chosen) => { kind = kinds[chosen]; redraw(); }),
        ...(sorted.length > 1 ? [selection("Point", sorted.map((one) => nameOf(one, program)), (chosen) => { point = sorted[chosen]; redraw(); })] : []),
      ],
      draw: (width) => draw(point, kind, width),
    })];
  });
}
