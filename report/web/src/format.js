// SPDX-License-Identifier: GPL-2.0
// Numbers as text, and what a point is called.

export function fixed(value, digits = 2) {
  return value === null || value === undefined ? "" : value.toFixed(digits);
}

export function count(value) {
  return value === null || value === undefined ? "" : Math.round(value).toLocaleString("en-US");
}

export function percent(share, digits = 0) {
  return share === null || share === undefined ? "" : `${(100 * share).toFixed(digits).replace(/\.0+$/, "")} %`;
}

export function micros(ns) {
  return ns === null || ns === undefined || ns === 0 ? "" : `${Number((ns / 1000).toPrecision(4))} µs`;
}

export function seconds(value) {
  return value === null || value === undefined ? "" : `${Number(value.toPrecision(4))} s`;
}

const AXES = {
  local: { title: "local share of memory", unit: "%", scale: 100, text: (value) => `${Number((100 * value).toPrecision(4))} % local` },
  latency: { title: "latency", unit: "µs", scale: 1e-3, text: (value) => `${Number((value / 1e3).toPrecision(4))} µs` },
  bandwidth: { title: "bandwidth", unit: "Gbit/s", scale: 1e-9, text: (value) => `${Number((value / 1e9).toPrecision(4))} Gbit/s` },
  none: { title: "", unit: "", scale: 1, text: () => "" },
};

export function axisOf(program) {
  return AXES[program.axis];
}

/** "25 % local, latency 10us"; of a native run, which of them it is. */
export function nameOf(point, program) {
  if (point.native) {
    return `native (${point.native === "thp" ? "transparent huge pages" : "4 KiB pages"})`;
  }
  const where = point.position === null ? "" : axisOf(program).text(point.position);
  return [where, point.series === "emulated" && where ? "" : point.series].filter(Boolean).join(", ");
}

export function csv(columns, rows) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [columns.map((column) => column.name), ...rows].map((row) => row.map(cell).join(",")).join("\n") + "\n";
}
