// SPDX-License-Identifier: GPL-2.0
// browser.mjs PAGE SCREENSHOTS: opens the page in headless Chromium from its file and checks what a user gets. Prints one line for
// each problem; status 1 if there are any.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [page, screenshots] = process.argv.slice(2);
const PATIENCE_MS = Number(process.env.DIME_TEST_PATIENCE_MS ?? 60000);
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const problems = [];

function check(good, text) {
  if (!good) {
    problems.push(text);
  }
}

async function opened(browser, options) {
  // The tools of the test come in beside the page's own policy.
  const context = await browser.newContext({ bypassCSP: true, acceptDownloads: true, ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const tab = await context.newPage();
  tab.on("console", (message) => check(message.type() !== "error", `console: ${message.text()}`));
  tab.on("pageerror", (error) => problems.push(`script: ${error.message}`));
  tab.on("request", (request) => check(/^(file:|blob:|data:)/.test(request.url()), `a request leaves the page: ${request.url()}`));
  await tab.goto(`file://${page}`);
  await tab.waitForFunction(() => document.querySelectorAll("figure").length === document.querySelectorAll("figure svg").length);
  return tab;
}

/** Values in the table of a figure, by its head. */
function tableOf(tab, id) {
  return tab.$eval(`#${id} details table`, (table) => {
    const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    return [...table.tBodies[0].rows].map((row) => Object.fromEntries([...row.cells].map((cell, i) => [heads[i], cell.textContent])));
  });
}

async function checkNumbers(tab, report) {
  for (const [i, program] of report.programs.entries()) {
    const points = report.points.filter((point) => point.program === program.name && !point.native && point.slowdown !== null && point.position !== null);
    if (points.length > 1 && program.axis !== "none") {
      const rows = await tableOf(tab, `slow-down-${i + 1}`);
      const shown = rows.map((row) => row["slow-down"]).sort();
      const wanted = points.map((point) => point.slowdown.toFixed(3)).sort();
      check(JSON.stringify(shown) === JSON.stringify(wanted), `slow-downs of ${program.name}: ${shown}, wanted ${wanted}`);
      const marks = await tab.$$eval(`#slow-down-${i + 1} svg path`, (all) => all.length);
      check(marks >= points.length, `${program.name}: ${marks} marks for ${points.length} points`);
    }
  }
  for (const [i, source] of [...new Set(report.curves.map((curve) => curve.source))].entries()) {
    const rows = await tableOf(tab, `misses-${i + 1}`);
    const curves = report.curves.filter((curve) => curve.source === source);
    for (const curve of curves) {
      const shown = rows.filter((row) => row.line === curve.policy && /predicted|extrapolated/.test(row.kind)).map((row) => row["miss ratio"]);
      const wanted = curve.points.map((point) => point.miss_ratio.toFixed(4));
      check(JSON.stringify(shown) === JSON.stringify(wanted), `miss ratios of ${curve.policy}: ${shown}, wanted ${wanted}`);
    }
    check(rows.some((row) => row.kind === "optimum"), `no optimum in ${source}`);
    const measured = rows.filter((row) => row.kind === "measured").length;
    // Where a measured point has as many misses as a predicted one of its policy, it is at the same place.
    const twins = rows.filter((row) => row.kind === "measured").map((row) => [row, rows.find((one) => one.kind === "predicted" && one.line === row.line && one.misses === row.misses)]);
    const same = twins.filter(([, twin]) => twin);
    check(same.length >= 5, `${same.length} measured points with a predicted one`);
    same.forEach(([row, twin]) => check(row["local share"] === twin["local share"], `measured at ${row["local share"]}, predicted at ${twin["local share"]}`));
    const marks = await tab.$$eval(`#misses-${i + 1} svg path[transform]`, (all) => all.length);
    check(measured > 0 && marks >= measured + curves.length, `${marks} marks for ${measured} measured points and ${curves.length} legends in ${source}`);
  }
  const samples = report.points.find((point) => point.samples)?.samples.length;
  check((await tableOf(tab, "series-1")).length === samples, `the series has not ${samples} rows`);
  for (const section of ["summary", "slow-down", "stalls", "series", "misses", "policies", "all", "warnings", "machine"]) {
    check((await tab.$$(`section#${section}`)).length === 1, `no section ${section}`);
  }
  const rows = await tab.$$eval("#points tbody tr", (all) => all.length);
  check(rows === report.points.length, `${rows} rows for ${report.points.length} points`);
}

async function checkUse(tab, report) {
  await tab.fill("#filter", "native");
  const natives = report.points.filter((point) => point.native).length;
  check((await tab.$$("#points tbody tr")).length === natives, "the filter does not leave the native points");
  await tab.fill("#filter", "");
  // Sorted by keyboard alone.
  const head = tab.locator("#points thead button", { hasText: "seconds" });
  await head.focus();
  await tab.keyboard.press("Enter");
  const seconds = await tab.$$eval("#points tbody tr", (all) => all.map((row) => row.cells[3].textContent).filter(Boolean).map(Number));
  check(seconds.every((value, i) => i === 0 || seconds[i - 1] <= value), `not sorted: ${seconds}`);
  const svgs = (await tab.$$("figure .tools button")).length;
  check(svgs === 2 * (await tab.$$("figure")).length, "a figure without its buttons");
  for (const [name, start] of [["Save as SVG", "<?xml"], ["Save data as CSV", "line,"]]) {
    const [download] = await Promise.all([tab.waitForEvent("download"), tab.locator("figure .tools button", { hasText: name }).first().click()]);
    const text = await readFile(await download.path(), "utf8");
    check(text.startsWith(start), `${name}: ${text.slice(0, 60)}`);
  }
  const before = await tab.$$eval("#slow-down-1 svg circle, #slow-down-1 svg path", (all) => all.length);
  await tab.locator("#slow-down-1 input[type=checkbox]").check();
  const after = await tab.$$eval("#slow-down-1 svg circle, #slow-down-1 svg path", (all) => all.length);
  check(after > before, "single runs are not shown");
  const mark = tab.locator("#slow-down-1 svg g:not([aria-hidden]) path[transform]").last();
  await mark.scrollIntoViewIfNeeded();
  const box = await mark.boundingBox();
  await tab.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await tab.waitForFunction(() => /times \(/.test(document.querySelector("#slow-down-1 svg").textContent)).catch(() => problems.push("no tip at a mark"));
  const captions = await tab.$$eval("figcaption", (all) => all.map((one) => one.textContent.length));
  check(captions.length > 0 && captions.every((length) => length > 80), "a figure without a caption");
  const named = await tab.$$eval("figure svg[role=img]", (all) => all.every((svg) => svg.getAttribute("aria-label")?.length > 20));
  check(named, "a figure without a description");
}

async function checkAccess(tab, what) {
  await tab.evaluate(axe);
  await tab.$$eval("details", (all) => all.forEach((one) => { one.open = true; }));
  const { violations } = await tab.evaluate(() => window.axe.run());
  for (const violation of violations) {
    problems.push(`axe, ${what}: ${violation.id}: ${violation.help}: ${violation.nodes.slice(0, 3).map((node) => `${node.target} ${node.any.map((one) => one.message)}`).join("; ")}`);
  }
  await tab.$$eval("details", (all) => all.forEach((one) => { one.open = false; }));
}

const browser = await chromium.launch({ executablePath: process.env.DIME_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu", "--disable-crash-reporter", "--disable-dev-shm-usage"], timeout: PATIENCE_MS });
try {
  for (const [name, options] of [
    ["light", { viewport: { width: 1200, height: 900 }, colorScheme: "light" }],
    ["dark", { viewport: { width: 1200, height: 900 }, colorScheme: "dark" }],
    ["phone", { viewport: { width: 390, height: 844 }, colorScheme: "light", isMobile: true, hasTouch: true }],
  ]) {
    const tab = await opened(browser, options);
    await checkAccess(tab, name);
    const wide = await tab.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    check(wide <= 0, `${name}: the page is ${wide} pixels too wide`);
    await tab.screenshot({ path: `${screenshots}/report-${name}.png`, fullPage: true });
    if (name === "light") {
      const report = JSON.parse(await tab.$eval("#data", (data) => data.textContent));
      await checkNumbers(tab, report);
      await checkUse(tab, report);
    }
    await tab.context().close();
  }
} finally {
  await browser.close();
}
problems.forEach((problem) => console.log(problem));
process.exit(problems.length ? 1 : 0);
