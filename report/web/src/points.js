// SPDX-License-Identifier: GPL-2.0
// All points as a table to sort and to filter.
import { count, csv, fixed, micros, nameOf } from "./format.js";
import { element, save, scrollable, tableRow } from "./dom.js";

const COLUMNS = [
  { name: "program" },
  { name: "point", class: "point" },
  { name: "runs", number: true },
  { name: "seconds", number: true, show: (value) => fixed(value, 3) },
  { name: "slow-down", number: true, show: (value) => fixed(value, 2) },
  { name: "from", number: true, show: (value) => fixed(value, 2) },
  { name: "to", number: true, show: (value) => fixed(value, 2) },
  { name: "remote faults", number: true, show: count },
  { name: "stalls (s)", number: true, show: (value) => fixed(value, 3) },
  { name: "stall p50", number: true, show: micros },
  { name: "stall p99", number: true, show: micros },
  { name: "remarks", class: "remarks" },
];

function rowOf(point, report) {
  const program = report.programs.find((one) => one.name === point.program);
  const remarks = point.failed ? [`${point.failed} failed: ${point.problem}`, ...point.doubts] : point.doubts;
  const engine = report.points.some((other) => other.engine && other.engine !== point.engine && point.engine) ? [point.engine] : [];
  return [
    point.program, nameOf(point, program), point.runs.length, point.wall_s, point.native === "no-thp" ? null : point.slowdown,
    point.native === "no-thp" ? null : (point.slowdown_interval?.[0] ?? null), point.native === "no-thp" ? null : (point.slowdown_interval?.[1] ?? null),
    point.remote_faults, point.stall_s, point.stall_p50_ns, point.stall_p99_ns, [...engine, ...remarks].join("; "),
  ];
}

function compare(one, other) {
  if (one === null || other === null) {
    return (one === null) - (other === null);
  }
  return typeof one === "number" ? one - other : String(one).localeCompare(String(other), "en", { numeric: true });
}

export function pointTable(report) {
  const rows = report.points.map((point) => rowOf(point, report));
  const body = element("tbody");
  const heads = COLUMNS.map((column, i) => element("th", { scope: "col", class: column.number ? "number" : null, "aria-sort": "none" },
    element("button", { type: "button", click: () => sortBy(i) }, column.name)));
  const said = element("p", { class: "note", role: "status" });
  let sorted = { column: -1, down: false };
  let wanted = "";
  const shown = () => {
    const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
    return rows.filter((row) => words.every((word) => row.join(" ").toLowerCase().includes(word)));
  };
  const show = () => {
    const found = shown();
    body.replaceChildren(...found.map((row) => tableRow(COLUMNS, row)));
    said.textContent = `${found.length} of ${rows.length} points`;
  };
  function sortBy(column) {
    sorted = { column, down: sorted.column === column && !sorted.down };
    rows.sort((one, other) => {
      // What has no value stays at the end in both directions.
      const order = compare(one[column], other[column]);
      return sorted.down && one[column] !== null && other[column] !== null ? -order : order;
    });
    heads.forEach((head, i) => head.setAttribute("aria-sort", i !== column ? "none" : sorted.down ? "descending" : "ascending"));
    show();
  }
  const search = element("input", { type: "search", id: "filter", input: () => { wanted = search.value; show(); } });
  show();
  return [
    element("div", { class: "controls" }, element("label", { for: "filter" }, "Only points with"), search,
      element("button", { type: "button", click: () => save("points.csv", "text/csv", csv(COLUMNS, shown())) }, "Save as CSV")),
    said,
    scrollable("Table of all points", element("table", { id: "points" }, element("caption", {}, "Medians of the runs of each point; from and to are the interval of the slow-down. A heading sorts."), element("thead", {}, element("tr", {}, ...heads)), body)),
  ];
}
