/** What the page may cost: files, requests, memory, time until the first picture, work while idle. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import test, { after, before } from "node:test";

import { isLive, launch, measured, settled, until, visit } from "./browser.mjs";

const { DEMO } = process.env;

const HOUSE = "custom_objects.property/6adf249e8ce18ef62a90b95f";

/** Requests to the API until the overview is drawn, and a picture that an address asks for;
 * beside them there is the feed, one request that stays open. */
const REQUESTS_MAX = { overview: 5, picture: 8 };

/** How many times as long as the mere transfer of the same files and answers they take at most
 * until the last answer. A bound in milliseconds would be one of the machine. */
const TIMES_MAX = 8;

/** Each is opened so often, by turns; the least time counts. */
const ROUNDS = 4;

/** Bytes of memory that the page takes with a small picture. */
const HEAP_MAX = 30 << 20;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const graph = new URL(`explore/#/seaside-realty/graph?s=around:${HOUSE}`, DEMO).href;

/** Milliseconds until the last answer that a page waited for. */
const lastAnswer = (page) => page.evaluate(() => Math.max(...performance.getEntriesByType("resource").map(({ responseEnd }) => responseEnd)));

/** Milliseconds that the files of the page and some answers take to come, in a page without them. */
const transfer = (page) => page.evaluate(async (files, answers) => {
  const began = performance.now();
  const get = async (path) => (await fetch(path, { cache: "no-store" })).text();
  await Promise.all(files.map(get));
  for (const answer of answers) await get(answer);
  return performance.now() - began;
}, FILES.map((name) => `explore/${name}`), ANSWERS);

const FILES = readdirSync(new URL("../../src/http/explorer/page/", import.meta.url)).filter((name) => name !== "index.html");

const isDescribed = (page) => until(page, () => performance.getEntriesByType("resource").some(({ name, responseEnd }) => name.endsWith("openapi.json") && responseEnd > 0));

const ANSWERS = ["session", "locations?limit=1000", "locations/seaside-realty/summary", "locations/seaside-realty/objects?limit=1000", "dead-letters?limit=1"].map((path) => `v1/${path}`);

const ADDRESSES = { overview: new URL("explore/#/seaside-realty", DEMO).href, picture: graph };

test("a first picture takes few requests and little memory", async () => {
  for (const [view, address] of Object.entries(ADDRESSES)) {
    const watched = await visit(browser, address, async (page) => {
      await settled(page);
      await isLive(page);
      const { JSHeapUsedSize } = await page.metrics();
      measured(`${view}: ${(JSHeapUsedSize / (1 << 20)).toFixed(1)} MiB`);
      assert.ok(JSHeapUsedSize < HEAP_MAX, `${JSHeapUsedSize} bytes`);
    });
    const isFeed = (url) => new URL(url).pathname.endsWith("/changes");
    const all = watched.requests.filter((url) => url.includes("/v1/"));
    const api = all.filter((url) => !isFeed(url));
    measured(`${view}: ${api.length} requests to the API and ${all.length - api.length} feed, ${watched.requests.length - all.length} files`);
    assert.ok(api.length <= REQUESTS_MAX[view], api.join("\n"));
    assert.equal(all.length - api.length, 1, all.join("\n"));
    const files = watched.requests.filter((url) => !url.includes("/v1/"));
    assert.equal(new Set(files).size, files.length, "no file is asked for twice");
  }
});

test("a first picture takes little time", async () => {
  const least = { transfer: Infinity, overview: Infinity, picture: Infinity };
  const took = (what, milliseconds) => { least[what] = Math.min(least[what], milliseconds); };
  for (let round = 0; round < ROUNDS; round += 1) {
    await visit(browser, new URL("docs", DEMO).href, async (page) => took("transfer", await transfer(page)), { opened: isDescribed });
    for (const [view, address] of Object.entries(ADDRESSES)) {
      await visit(browser, address, async (page) => {
        await settled(page);
        took(view, await lastAnswer(page));
      });
    }
  }
  const all = Object.entries(least).map(([what, milliseconds]) => `${what} ${Math.round(milliseconds)} ms`).join(", ");
  measured(`until the last answer: ${all}`);
  for (const view of Object.keys(ADDRESSES)) assert.ok(least[view] < TIMES_MAX * least.transfer, all);
});

test("files are asked for at once and kept", async () => {
  await visit(browser, graph, async (page) => {
    await settled(page);
    // What a module that has come asks for comes after it: none is found out so.
    const waves = await page.evaluate(() => {
      const files = performance.getEntriesByType("resource").filter(({ name }) => /\.(mjs|css)$/.test(name));
      const main = files.find(({ name }) => name.endsWith("/main.mjs"));
      return files.filter(({ fetchStart }) => fetchStart >= main.responseEnd).map(({ name }) => name);
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
    await isLive(page);
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
