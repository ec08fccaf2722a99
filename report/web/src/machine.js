// SPDX-License-Identifier: GPL-2.0
// Where the numbers come from, and which of them are weak.
import { micros, nameOf } from "./format.js";
import { element } from "./dom.js";

function facts(machine) {
  const { facts: known } = machine;
  const [low, high] = machine.floor_ns;
  const rows = [
    ["Host", known.host],
    ["Processor", known.cpu && `${known.cpu}, ${known.cpus} CPUs`],
    ["Memory", known.memory_bytes && `${(known.memory_bytes / 2 ** 30).toFixed(1)} GiB`],
    ["Kernel", known.kernel],
    ["Floor", high && `${low === high ? micros(low) : `${micros(low)} to ${micros(high)}`}: a remote access takes at least so long here, as calibrated before the runs`],
  ];
  return element("dl", {}, ...rows.filter(([, value]) => value).flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]));
}

export function machines(report) {
  return [
    ...report.machines.flatMap((machine) => (report.machines.length > 1 ? [element("h3", {}, machine.name), facts(machine)] : [facts(machine)])),
    element("p", { class: "note" }, `Files: ${report.sources.map((source) => `${source.name} (${source.kind}, ${source.entries} ${source.entries === 1 ? "entry" : "entries"})`).join(", ")}. Written by dime ${report.version}.`),
  ];
}

const MEANING = [
  [/^noisy/, "the interval of the median is wide; more repetitions or a quieter machine narrow it"],
  [/^few runs/, "fewer than 6 runs: the interval is their range and holds the median with less than 95 %"],
  [/^below the floor/, "the latency that was asked for is shorter than this machine can emulate"],
  [/stalls only/, "so few stalls that chance decides how long they took together"],
  [/above target/, "half of the stalls took clearly longer than asked for: the machine was busy, or the floor had risen"],
  [/unmanaged/, "a part of the memory cannot be emulated and stayed local outside of the limit"],
  [/^blind policy/, "the policy does not see accesses in this engine, and works as FIFO"],
];

/** Doubts by kind, with the points that have them; failed runs and notices first. */
export function warnings(report) {
  const lines = report.notices.map((notice) => [notice]);
  const kinds = new Map();
  for (const point of report.points) {
    const program = report.programs.find((one) => one.name === point.program);
    const name = `${point.program} ${nameOf(point, program)}`;
    if (point.failed) {
      lines.push([`${name}: ${point.failed} failed and left out: ${point.problem}`]);
    }
    for (const doubt of point.doubts) {
      const kind = MEANING.find(([pattern]) => pattern.test(doubt));
      const key = kind ? kind[1] : doubt;
      kinds.set(key, [...(kinds.get(key) ?? []), `${name} (${doubt})`]);
    }
  }
  for (const [meaning, points] of kinds) {
    const text = `${points.length === 1 ? "1 point" : `${points.length} points`}: ${meaning}`;
    lines.push([text, element("details", {}, element("summary", {}, "Which"), element("p", {}, points.join("; ")))]);
  }
  return lines.length ? element("ul", {}, ...lines.map((line) => element("li", {}, ...line))) : null;
}
