/** What the page may cost: files, requests, time until the first picture, and work while idle. */

import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import test, { after, before } from "node:test";

import { launch, measured, ready, settled, until, visit } from "./browser.mjs";

const { DEMO } = process.env;

const HOUSE = "custom_objects.property/6adf249e8ce18ef62a90b95f";

/** Requests to the API until the overview is drawn, and a picture that an address asks for. */
const REQUESTS_MAX = { overview: 6, picture: 8 };

/** Milliseconds until then, on a machine that does other things, too. */
const FIRST_PICTURE_MAX_MS = 2_000;

/** Bytes of memory that the page takes with a small picture. */
const HEAP_MAX = 30 << 20;

/** Milliseconds of the processor for one frame: far more than it takes, for machines without a
 * graphics card that do other things, too. */
const FRAME_MAX_MS = 100;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const graph = new URL(`explore/#/seaside-realty/graph?s=around:${HOUSE}`, DEMO).href;

/** Milliseconds of the processor that the browser and all its processes have taken. */
function processorTime() {
  const stats = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const text = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
      return [{ process: Number(name), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }];
    } catch {
      return [];
    }
  });
  const mine = new Set([browser.process().pid]);
  for (let size = 0; size < mine.size;) {
    size = mine.size;
    for (const { process, parent } of stats) if (mine.has(parent)) mine.add(process);
  }
  return stats.filter(({ process }) => mine.has(process)).reduce((sum, { ticks }) => sum + ticks, 0) * 10;
}

test("a first picture takes few requests and little time", async () => {
  for (const [view, address] of Object.entries({ overview: new URL("explore/#/seaside-realty", DEMO).href, picture: graph })) {
    const watched = await visit(browser, address, async (page) => {
      await settled(page);
      const took = await page.evaluate(() => {
        const asked = performance.getEntriesByType("resource").filter(({ name }) => name.includes("/v1/"));
        return Math.max(...asked.map(({ responseEnd }) => responseEnd));
      });
      measured(`${view}: last answer after ${Math.round(took)} ms`);
      assert.ok(took < FIRST_PICTURE_MAX_MS, `${took} ms`);
      const { JSHeapUsedSize } = await page.metrics();
      assert.ok(JSHeapUsedSize < HEAP_MAX, `${JSHeapUsedSize} bytes`);
    });
    const api = watched.requests.filter((url) => url.includes("/v1/"));
    measured(`${view}: ${api.length} requests to the API, ${watched.requests.length - api.length} files`);
    assert.ok(api.length <= REQUESTS_MAX[view], api.join("\n"));
    const files = watched.requests.filter((url) => !url.includes("/v1/"));
    assert.equal(new Set(files).size, files.length, "no file is asked for twice");
  }
});

test("files are asked for at once and kept", async () => {
  await visit(browser, graph, async (page) => {
    await settled(page);
    const waves = await page.evaluate(() => {
      const files = performance.getEntriesByType("resource").filter(({ name }) => /\.(mjs|css)$/.test(name));
      const page = performance.getEntriesByType("navigation")[0];
      return files.filter(({ fetchStart }) => fetchStart > page.domInteractive + 50).map(({ name }) => name);
    });
    assert.deepEqual(waves, []);
    await page.reload();
    await settled(page);
    // Where less went over the wire than the file has, a head alone did; small files do not tell.
    const sent = await page.evaluate(() => performance.getEntriesByType("resource")
      .filter(({ name, encodedBodySize, transferSize }) => /\.(mjs|css)$/.test(name) && encodedBodySize > 1_000 && transferSize > encodedBodySize).map(({ name }) => name));
    assert.deepEqual(sent, [], "what has not changed is not sent again");
  });
});

test("an idle page draws nothing and asks for nothing", async () => {
  await visit(browser, graph, async (page) => {
    await settled(page);
    const asked = page.watched.requests.length;
    const frames = await page.evaluate(() => new Promise((resolve) => {
      let count = 0;
      const real = window.requestAnimationFrame;
      window.requestAnimationFrame = (draw) => {
        count += 1;
        return real(draw);
      };
      setTimeout(() => resolve(count), 500);
    }));
    assert.equal(frames, 0);
    assert.equal(page.watched.requests.length, asked);
  });
});

test("panning takes little of the processor", async () => {
  // All there is: the whole location, kind by kind.
  const kinds = ["contact", "custom_objects.property", "custom_objects.viewing", "opportunity"];
  const nodes = [];
  for (const object of kinds) {
    const answer = await (await fetch(new URL(`v1/locations/seaside-realty/objects/${object}/records?limit=1000`, DEMO))).json();
    nodes.push(...answer.records.map(({ record }) => `${object}/${record}`));
  }
  await visit(browser, new URL(`explore/#/seaside-realty/graph?${nodes.map((node) => `s=add:${node}`).join("&")}`, DEMO).href, async (page) => {
    await settled(page);
    const box = await (await page.$(".stage canvas")).boundingBox();
    const [x, y] = [box.x + 5, box.y + 5];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.evaluate(() => {
      window.drawn = 0;
      const real = window.requestAnimationFrame;
      window.requestAnimationFrame = (draw) => real((now) => {
        window.drawn += 1;
        draw(now);
      });
    });
    const before = processorTime();
    for (let move = 0; move < 60; move += 1) await page.mouse.move(x + move * 3, y + move * 2);
    await page.mouse.up();
    await ready(page);
    const drawn = await until(page, () => window.drawn);
    const each = (processorTime() - before) / drawn;
    measured(`panning ${nodes.length} records: ${each.toFixed(1)} ms of the processor for each of ${drawn} frames`);
    assert.ok(each < FRAME_MAX_MS, `${each} ms`);
  });
});
