/**
 * What the page looks like: pictures of the sample, which the README and the docs show.
 *
 * `RELATA_GOLDEN=write` makes them. Fonts and browsers differ from machine to machine, so a
 * picture that looks different is an error only with `RELATA_PIXELS=required`; that the page
 * says what the picture is of is checked on every machine.
 */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import test, { after, before } from "node:test";

import { isLive, launch, measured, require, settled, texts, visit } from "./browser.mjs";
import { paletteImage } from "./palette.mjs";

const { DEMO, RELATA_GOLDEN, RELATA_PIXELS } = process.env;

// The page writes times of the place where it is looked at.
process.env.TZ = "UTC";

const { PNG } = require("pngjs");
const { default: pixelmatch } = await import(require.resolve("pixelmatch"));

const FOLDER = new URL("../../docs/screenshots/", import.meta.url);

/** How far two colours may be from each other, and how many pixels may be further. */
const [THRESHOLD, DIFFERENT_MIN, DIFFERENT_SHARE] = [0.1, 20, 0.0001];

/** A picture takes no more of a page that shows several. */
const BYTES_MAX = 100_000;

const find = async (name) => {
  const { results: [{ object, record }] } = await (await fetch(new URL("v1/locations/seaside-realty/search?q=" + encodeURIComponent(name), DEMO))).json();
  return `${object}/${record}`;
};

const [HOUSE, AGENT, BUYER] = [await find("12 Maple Street"), await find("Sofia Berg"), await find("Amara Okafor")];

/**
 * Name, route, what the first of some elements says, theme, width and height.
 * @type {[string, string, Record<string, RegExp>, ("light" | "dark")?, [number, number]?][]}
 */
const VIEWS = [
  ...["light", "dark"].flatMap((theme) => [
    ["overview", "", { h1: /^Seaside Realty$/, ".count": /^87 records$/ }, theme],
    ["record", `/graph?s=around:${HOUSE}&sel=${HOUSE}`, { ".panel h2": /^12 Maple Street$/, ".panel .card h3": /^Interested Buyer 9$/, ".bar": /^16 of 87 records/ }, theme],
    ["past", `/graph?s=around:${HOUSE}&sel=${HOUSE}&asOf=2026-11-09T00:00:00Z`, { "#as-of": /^As of Mon, Nov 9, 2026.* Nothing here is live\./, ".panel .card h3": /^Interested Buyer 5$/ }, theme],
  ]),
  ["groups", `/graph?s=add:${HOUSE}&sel=${HOUSE}`, { ".bar": /^1 of 87 records, 0 links, 4 groups hold 15 more$/ }],
  ["path", `/path?from=${AGENT}&to=${BUYER}&all=1`, { "ol.ways li": /^Sofia Berg .* Amara Okafor/ }],
  ["compare", "/diff?from=2026-11-15T00:00:00Z&to=2026-11-21T00:00:00Z", { h1: /^Compare two moments$/, "table.diff tbody tr": /^[+−]/ }],
  ["phone", `/graph?s=around:${HOUSE}&sel=${HOUSE}`, { ".list h2": /^Contacts/, ".panel h2": /^12 Maple Street$/ }, "light", [390, 700]],
];

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Compares a picture with the one that is kept, and returns how many pixels differ. */
function difference(name, seen) {
  const file = new URL(`${name}.png`, FOLDER);
  if (!existsSync(file)) return Infinity;
  const kept = PNG.sync.read(readFileSync(file));
  if (seen.width !== kept.width || seen.height !== kept.height) return Infinity;
  const pixels = pixelmatch(seen.data, kept.data, null, seen.width, seen.height, { threshold: THRESHOLD });
  return pixels > Math.max(DIFFERENT_MIN, seen.width * seen.height * DIFFERENT_SHARE) ? pixels : 0;
}

for (const [view, route, says, theme = "light", size = [1000, 700]] of VIEWS) {
  const name = theme === "dark" ? `${view}-dark` : view;
  test(`${name} looks as it is kept`, async () => {
    await visit(browser, new URL("explore/#/seaside-realty" + route, DEMO).href, async (page) => {
      await settled(page);
      if (view !== "past") await isLive(page);
      for (const [selector, expected] of Object.entries(says)) assert.match((await texts(page, selector))[0] ?? "", expected);
      const seen = PNG.sync.read(Buffer.from(await page.screenshot()));
      if (RELATA_GOLDEN === "write") {
        const file = paletteImage(seen);
        assert.ok(file.length <= BYTES_MAX, `${file.length} bytes`);
        mkdirSync(FOLDER, { recursive: true });
        writeFileSync(new URL(`${name}.png`, FOLDER), file);
      }
      const pixels = difference(name, seen);
      if (pixels === 0) return;
      measured(`${name} looks different in ${pixels} pixels; tests/browser/screenshots makes it again`);
      assert.notEqual(RELATA_PIXELS, "required", `${pixels} pixels of ${name} differ`);
    }, { size, features: [["prefers-color-scheme", theme], ["prefers-reduced-motion", "reduce"]] });
  });
}
