// SPDX-License-Identifier: GPL-2.0
// The page of `dime report`: sections from the data that lie in it.
import { axisOf, nameOf } from "./format.js";
import { element } from "./dom.js";
import { machines, warnings } from "./machine.js";
import { missFigures } from "./misses.js";
import { pointTable } from "./points.js";
import { policyFigures } from "./policies.js";
import { seriesFigures } from "./series.js";
import { slowdownFigures } from "./slowdown.js";
import { stallFigures } from "./stalls.js";

const report = JSON.parse(document.getElementById("data").textContent);

/** Options that all points of the program have in common, but for those that say nothing about the result. */
function commonOptions(program) {
  const points = report.points.filter((point) => point.program === program.name && !point.native);
  const same = Object.entries(points[0]?.options ?? {}).filter(([name, value]) => !name.startsWith("allow-") && points.every((point) => point.options[name] === value));
  return points.length > 1 ? same.map(([name, value]) => `${name} ${value}`).join(", ") : "";
}

/** One sentence a program: its largest slow-down, and at which point. */
function keySentences() {
  return report.programs.flatMap((program) => {
    const points = report.points.filter((point) => point.program === program.name && !point.native && point.slowdown !== null);
    if (points.length === 0) {
      return [];
    }
    const worst = points.reduce((one, other) => (other.slowdown > one.slowdown ? other : one));
    const [low, high] = worst.slowdown_interval;
    return [element("p", { class: "key" }, element("strong", {}, program.name), ` takes up to `, element("strong", {}, `${worst.slowdown.toFixed(2)} times`),
      ` as long as natively (${low.toFixed(2)} to ${high.toFixed(2)}): with ${[nameOf(worst, program), commonOptions(program)].filter(Boolean).join(", ") || "the options below"}.`)];
  });
}

const main = document.getElementById("main");
const sections = document.getElementById("sections");

function section(id, title, text, children) {
  const contents = children.filter(Boolean);
  if (contents.length === 0) {
    return;
  }
  sections.append(element("li", {}, element("a", { href: `#${id}` }, title)));
  main.append(element("section", { id, "aria-labelledby": `${id}-title` }, element("h2", { id: `${id}-title` }, title), text ? element("p", { class: "note" }, text) : null, ...contents));
}

main.replaceChildren();
const names = report.programs.map((program) => program.name);
document.getElementById("about").textContent = names.length
  ? `${names.join(", ")} with a part of ${names.length === 1 ? "its" : "their"} memory on another machine, emulated by DiME. Pages that are not local are fetched over a network of the given latency and bandwidth when the program touches them.`
  : "Predictions of DiME: what a program would miss with a part of its memory on another machine.";
const varied = [...new Set(report.programs.map((program) => axisOf(program).title).filter(Boolean))];
section("summary", "Summary", "", keySentences());
section("slow-down", `Slow-down${varied.length === 1 ? ` by ${varied[0]}` : ""}`, "", slowdownFigures(report));
section("stalls", "Length of stalls", "", stallFigures(report));
section("series", "Over time", "", seriesFigures(report));
section("misses", "Miss ratios and the optimum", "", missFigures(report));
section("policies", "Policies and prefetchers", "", policyFigures(report));
if (report.points.length) {
  section("all", "All points", "", pointTable(report));
}
section("warnings", "Warnings", "", [warnings(report)]);
document.getElementById("warnings")?.classList.add("warnings");
section("machine", report.machines.length > 1 ? "Machines and files" : "Machine and files", "", machines(report));
