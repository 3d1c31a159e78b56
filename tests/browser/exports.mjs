/** Files of what is shown hold just that, and can be read by others. */

import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";

import { launch, picture, press, require, saved, settled, texts, visit, written } from "./browser.mjs";

const { DEMO } = process.env;

const { PNG } = require("pngjs");
const { default: pixelmatch } = await import(require.resolve("pixelmatch"));

const HOUSE = "custom_objects.property/6adf249e8ce18ef62a90b95f";

const ADDRESS = new URL(`explore/#/seaside-realty/graph?s=around:${HOUSE}`, DEMO).href;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Shows the house, and hands over the page with what is on the picture. */
const shown = (use, options) => visit(browser, ADDRESS, async (page) => {
  await settled(page);
  await use(page, await picture(page));
}, options);

/** Exports in a format, and returns the file. */
async function exported(page, format) {
  await press(page, "Export", ".tools");
  const file = await saved(page, () => press(page, format, "dialog"));
  await press(page, "Close", "dialog");
  return file;
}

test("the drawing is XML with every mark inside its frame", () => shown(async (page, { nodes, links }) => {
  const { name, text } = await exported(page, "SVG picture");
  assert.equal(name, "relata-seaside-realty-388.svg");
  const found = await page.evaluate((svg) => {
    // In an image, which is how others look at it, nothing runs.
    const image = new Image();
    image.src = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
    return image.decode().then(() => [image.naturalWidth, image.naturalHeight]);
  }, text);
  assert.ok(found.every((side) => side > 100 && side < 10_000), String(found));
  const context = await browser.createBrowserContext();
  try {
    const alone = await context.newPage();
    await alone.goto("data:image/svg+xml;base64," + Buffer.from(text).toString("base64"));
    const drawn = await alone.evaluate(() => {
      const { width, height } = document.documentElement.viewBox.baseVal;
      const [left, top] = [document.documentElement.viewBox.baseVal.x, document.documentElement.viewBox.baseVal.y];
      const inside = (one) => {
        const box = one.getBBox();
        return box.x >= left - 1 && box.y >= top - 1 && box.x + box.width <= left + width + 1 && box.y + box.height <= top + height + 1;
      };
      const marks = [...document.querySelectorAll("circle, path, polygon, rect, text, line")];
      return {
        root: document.documentElement.nodeName, outside: marks.filter((one) => !inside(one)).map((one) => one.outerHTML.slice(0, 120)),
        title: document.querySelector("title").textContent, description: document.querySelector("desc").textContent,
        text: document.documentElement.textContent, nodes: document.querySelectorAll("[data-node], [data-id]").length,
      };
    });
    assert.equal(drawn.root, "svg");
    assert.deepEqual(drawn.outside, []);
    assert.match(drawn.title, /Seaside Realty/);
    assert.equal(drawn.description, `${nodes.length} records, ${links.length} links`);
    for (const text of ["12 Maple Street", "Amara Okafor", "Interested Buyer"]) assert.ok(drawn.text.includes(text), text);
  } finally {
    await context.close();
  }
}));

test("the image is decoded and not blank, and the same in another browser", async () => {
  const images = [];
  for (let time = 0; time < 2; time += 1) {
    await shown(async (page) => {
      const { name, bytes } = await exported(page, "PNG picture");
      assert.match(name, /\.png$/);
      images.push(PNG.sync.read(bytes));
    });
  }
  const [first, second] = images;
  assert.ok(first.width > 400 && first.height > 300 && first.width * first.height <= 16e6);
  const colours = new Set();
  for (let at = 0; at < first.data.length; at += 4 * 97) colours.add(first.data.readUInt32LE(at));
  assert.ok(colours.size > 10, `${colours.size} colours`);
  assert.deepEqual([second.width, second.height], [first.width, first.height]);
  const different = pixelmatch(first.data, second.data, null, first.width, first.height, { threshold: 0.1 });
  assert.ok(different <= 20, `${different} pixels differ`);
});

/** Reads CSV (RFC 4180). */
function rowsOf(text) {
  const rows = [[]];
  let cell = "";
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    cell = quoted === undefined ? plain : quoted.replaceAll('""', '"');
    rows.at(-1).push(cell);
    if (end === "\r\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

test("the table of links holds each link with the names of its ends", () => shown(async (page, { links }) => {
  const { name, text } = await exported(page, "CSV of the links");
  assert.match(name, /\.csv$/);
  const [head, ...rows] = rowsOf(text);
  const row = (cells) => Object.fromEntries(head.map((column, at) => [column, cells[at]]));
  const told = rows.map(row).map(({ source, target, firstLabel, secondLabel }) => ({ source, target, firstLabel, secondLabel }));
  const sorted = (all) => all.map((one) => JSON.stringify(one)).sort();
  assert.deepEqual(sorted(told), sorted(links));
  assert.ok(rows.map(row).some(({ sourceName, targetName }) => sourceName === "Amara Okafor" && targetName === "12 Maple Street"));
}));

test("the data for Cytoscape has the same nodes, at their places", () => shown(async (page, { nodes, links }) => {
  const { text } = await exported(page, "JSON for Cytoscape");
  const { elements } = JSON.parse(text);
  assert.deepEqual(elements.nodes.map(({ data }) => data.id).sort(), nodes);
  assert.equal(elements.edges.length, links.length);
  assert.ok(elements.nodes.every(({ position }) => Number.isFinite(position.x) && Number.isFinite(position.y)));
}));

test("the server writes the same records in its own formats", () => shown(async (page, { nodes, links }) => {
  await press(page, "Export", ".tools");
  await page.select("dialog select", "node-link");
  const file = await saved(page, () => press(page, "Download", "dialog"));
  const graph = JSON.parse(file.text);
  assert.equal(graph.nodes.length, nodes.length);
  assert.equal((graph.edges ?? graph.links).length, links.length);
}));

test("a file arrives on the disk under its name", async () => {
  const folder = await mkdtemp(join(tmpdir(), "relata-"));
  try {
    await shown(async (page) => {
      const session = await page.createCDPSession();
      await session.send("Browser.setDownloadBehavior", { behavior: "allow", downloadPath: folder, browserContextId: page.browserContext().id, eventsEnabled: true });
      const done = new Promise((resolve) => session.on("Browser.downloadProgress", ({ state }) => state === "completed" && resolve()));
      // The browser's own way of clicking a link, which `saved` replaces.
      await page.evaluate(() => { HTMLAnchorElement.prototype.click = HTMLElement.prototype.click; });
      await press(page, "Export", ".tools");
      await press(page, "CSV of the links", "dialog");
      await done;
      assert.deepEqual(await readdir(folder), ["relata-seaside-realty-388.csv"]);
      assert.match(await readFile(join(folder, "relata-seaside-realty-388.csv"), "utf8"), /^source,target,label,/);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

// A person saved the picture of a selected house, and the file had lost most labels of its links.
test("the drawing shows every text that the picture shows, and what is selected", async () => {
  const amara = await fetch(new URL("v1/locations/seaside-realty/search?q=Amara%20Okafor", DEMO)).then((answer) => answer.json());
  const [{ object, record }] = amara.results;
  for (const selected of ["", `&sel=${HOUSE}`, `&sel=${object}/${record}`]) {
    await visit(browser, ADDRESS + selected, async (page) => {
      await settled(page);
      const seen = await written(page);
      assert.ok(seen.length > 20);
      await press(page, "Export", ".tools");
      const { name, text } = await saved(page, () => press(page, "SVG picture", "dialog"));
      assert.deepEqual(await texts(page, "dialog [role=status]"), [`Saved as ${name}.`]);
      const inFile = await page.evaluate((svg) => [...svg.matchAll(/<text [^>]*>([^<]*)</g)].map(([, one]) => one), text);
      for (const one of new Set(seen)) {
        const count = (list) => list.filter((other) => other === one).length;
        assert.ok(count(inFile) >= count(seen), `${one}: ${count(inFile)} of ${count(seen)}`);
      }
      const isFaded = /<text [^>]*opacity="[^"]*"[^>]*>[^<]*</.test(text);
      assert.equal(isFaded, selected.includes(object));
      if (selected) assert.match(text, /font-weight="650"/);
    }, { features: [["prefers-reduced-motion", "reduce"]] });
  }
});
