// SPDX-License-Identifier: GPL-2.0
// bundle.mjs PAGE: index.html with the script and the style in it.
import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";

const MOST_BYTES = 600 * 1024;

const [page] = process.argv.slice(2);
const bundle = await build({
  entryPoints: ["src/main.js", "src/style.css"],
  bundle: true,
  minify: true,
  write: false,
  outdir: "out",
  format: "iife",
  target: "es2022",
  charset: "utf8",
  legalComments: "eof",
});
const text = (suffix) => bundle.outputFiles.find((file) => file.path.endsWith(suffix)).text;
const script = text(".js").replaceAll("</script", "<\\/script");
let html = await readFile("src/index.html", "utf8");
html = html.replace("@STYLE@", () => text(".css")).replace("@SCRIPT@", () => script);
const bytes = Buffer.byteLength(html);
if (bytes > MOST_BYTES) {
  throw new Error(`the page has ${bytes} bytes; allowed: up to ${MOST_BYTES}`);
}
await writeFile(page, html);
