// SPDX-License-Identifier: GPL-2.0
// A figure of the page: the drawing, what it means, its data as a table, and both to save.
import { symbol, symbolCircle, symbolCross, symbolDiamond, symbolPlus, symbolSquare, symbolStar, symbolTriangle, symbolWye } from "d3-shape";
import { csv } from "./format.js";
import { element, save, scrollable, table } from "./dom.js";

// At least 3:1 on the light and on the dark ground; each line also has a symbol of its own.
const COLOURS = ["#2f7ed8", "#d0581a", "#2a9461", "#a95bc7", "#a47c12", "#d14b74", "#3590a3", "#7a7f87"];
export const SYMBOLS = ["circle", "square", "triangle", "diamond", "star", "cross", "wye", "plus"];
const NAMESPACE = "http://www.w3.org/2000/svg";

const SHAPES = [symbolCircle, symbolSquare, symbolTriangle, symbolDiamond, symbolStar, symbolCross, symbolWye, symbolPlus];

export function colourOf(i) {
  return COLOURS[i % COLOURS.length];
}

/** The symbol of line i, for a legend. */
export function pathOf(i) {
  return symbol(SHAPES[i % SHAPES.length], 50)();
}

function svgElement(name, attributes, text = "") {
  const made = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.textContent = text;
  return made;
}

/** Adds lines of the legend above a drawing, so that it is in the saved one, too. items: {name, colour, dash, path}. */
function addLegend(svg, items, width) {
  const row = 20;
  const group = svgElement("g", { "aria-hidden": "true", "font-size": "13", "text-anchor": "start" });
  let x = 4;
  let y = 0;
  for (const item of items) {
    const most = Math.floor((width - 34) / 7);
    const name = item.name.length > most ? `${item.name.slice(0, most - 1)}…` : item.name;
    const wide = 34 + 7 * name.length;
    if (x > 4 && x + wide > width) {
      x = 4;
      y += row;
    }
    const line = svgElement("line", { x1: x, x2: x + 22, y1: y + 8, y2: y + 8, stroke: item.colour, "stroke-width": 2, "stroke-dasharray": item.dash ?? "none" });
    group.append(line);
    if (item.path) {
      group.append(svgElement("path", { d: item.path, transform: `translate(${x + 11},${y + 8})`, fill: item.colour }));
    }
    group.append(svgElement("text", { x: x + 28, y: y + 12, fill: "currentColor" }, name));
    x += wide;
  }
  const more = y + row + 6;
  const height = Number(svg.getAttribute("height"));
  const inner = svgElement("g", { transform: `translate(0,${more})` });
  const style = svg.querySelector(":scope > style");
  inner.append(...[...svg.childNodes].filter((child) => child !== style));
  svg.append(group, inner);
  svg.setAttribute("height", height + more);
  svg.setAttribute("viewBox", `0 0 ${width} ${height + more}`);
}

function standalone(svg) {
  const copy = svg.cloneNode(true);
  const style = getComputedStyle(svg);
  copy.setAttribute("xmlns", NAMESPACE);
  copy.setAttribute("color", style.color);
  copy.setAttribute("font-family", "system-ui, sans-serif");
  const ground = getComputedStyle(document.body).backgroundColor;
  copy.insertBefore(svgElement("rect", { width: "100%", height: "100%", fill: ground }), copy.firstChild);
  return `<?xml version="1.0"?>\n${new XMLSerializer().serializeToString(copy)}\n`;
}

/**
 * what: {id, title, level, caption, controls(redraw): elements, draw(width): {svg, legend, summary, columns, rows}}.
 * Drawn again when the width changes, or on redraw().
 */
export function figure(what) {
  const chart = element("div", { class: "chart" });
  const data = element("div");
  let drawn = null;
  let width = 0;
  const redraw = () => {
    if (width === 0) {
      return;
    }
    drawn = what.draw(width);
    const svg = drawn.svg;
    svg.querySelectorAll("[aria-label]").forEach((part) => part.removeAttribute("aria-label"));
    if (drawn.legend?.length) {
      addLegend(svg, drawn.legend, width);
    }
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${what.title}. ${drawn.summary} The data are in the table below.`);
    chart.replaceChildren(svg);
    data.replaceChildren(scrollable(`Data: ${what.title}`, table(what.title, drawn.columns, drawn.rows)));
  };
  const tools = element(
    "div", { class: "tools" },
    element("button", { type: "button", "aria-label": `Save as SVG: ${what.title}`, click: () => save(`${what.id}.svg`, "image/svg+xml", standalone(drawn.svg)) }, "Save as SVG"),
    element("button", { type: "button", "aria-label": `Save data as CSV: ${what.title}`, click: () => save(`${what.id}.csv`, "text/csv", csv(drawn.columns, drawn.rows)) }, "Save data as CSV"),
  );
  new ResizeObserver(() => {
    const now = Math.floor(chart.clientWidth);
    if (now > 0 && now !== width) {
      width = now;
      redraw();
    }
  }).observe(chart);
  const controls = what.controls?.(redraw) ?? [];
  return element(
    "figure", { id: what.id },
    what.heading ? element("h3", {}, what.heading) : null,
    controls.length ? element("div", { class: "controls" }, ...controls) : null,
    chart,
    element("figcaption", {}, what.caption),
    tools,
    element("details", {}, element("summary", {}, "Data as a table"), data),
  );
}
