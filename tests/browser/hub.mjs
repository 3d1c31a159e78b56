/** One record with ten thousand links: opened in parts, each of them new, and limits that are told. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";

import { launch, measured, picture, post, press, ready, settled, texts, until, visit } from "./browser.mjs";

const { EMPTY } = process.env;

/** Links of the hub under each of two labels, and houses that are linked to it three times. */
const [BUYERS, WATCHERS, PARALLEL] = [9_000, 1_000, 3];

/** An action asks this often at most, adds at most so many nodes, and takes at most this long. */
const [REQUESTS_MAX, ADDED_MAX, TIME_MAX_MS] = [3, 26, 1_000];

/** The longest task of the page while five hundred records are shown, in milliseconds. */
const TASK_MAX_MS = 200;

const relation = (id, association, second) => ({
  type: "RelationCreate", id, associationId: association, locationId: "L", timestamp: "2026-11-01T00:00:00Z",
  firstObjectKey: "house", firstRecordId: "hub", secondObjectKey: "contact", secondRecordId: second,
});

function* events() {
  for (const [id, label] of [["a", "Interested Buyer"], ["b", "Watcher"], ["c", "Neighbour"], ["d", "Owner"], ["e", "Agent"]]) {
    yield { type: "AssociationCreate", id, key: id, locationId: "L", firstObjectKey: "house", firstObjectLabel: "House", secondObjectKey: "contact", secondObjectLabel: label };
  }
  for (let at = 0; at < BUYERS; at += 1) yield relation(`a${at}`, "a", `buyer-${at}`);
  for (let at = 0; at < WATCHERS; at += 1) yield relation(`b${at}`, "b", `watcher-${at}`);
  for (const id of ["c", "d", "e"].slice(0, PARALLEL)) yield relation(`${id}0`, id, "friend");
}

let browser;
before(async () => {
  await post(EMPTY, [...events()]);
  browser = await launch();
});
after(() => browser.close());

const hub = (rest = "") => new URL("explore/#/L/graph?s=around:house/hub&sel=house/hub" + rest, EMPTY).href;

const asked = (page) => page.watched.requests.filter((url) => url.includes("/v1/")).length;

const shown = (page) => page.$eval(".bar", (bar) => Number(/^([\d,]+) of/.exec(bar.innerText)[1].replace(",", "")));

test("a large group stays closed until it is opened in parts, each of which is new", async () => {
  await visit(browser, hub(), async (page) => {
    await settled(page);
    assert.deepEqual(await texts(page, ".panel .card h3"), ["Interested Buyer 9,000", "Watcher 1,000", "Agent 1", "Neighbour 1", "Owner 1"]);
    assert.deepEqual(await texts(page, ".bar"), ["2 of 10,002 records, 3 links, 2 groups hold 10,000 more"]);
    for (let part = 1; part <= 3; part += 1) {
      const [before, count] = [asked(page), await shown(page)];
      const began = Date.now();
      await press(page, "Show on picture", ".panel .card");
      await until(page, (wanted) => document.querySelector(".bar").innerText.startsWith(wanted), `${2 + 25 * part} of `);
      const took = Date.now() - began;
      await ready(page);
      measured(`${25 * part} of a hub: ${took} ms, ${asked(page) - before} requests`);
      assert.ok(await shown(page) - count <= ADDED_MAX);
      assert.ok(asked(page) - before <= REQUESTS_MAX, `${asked(page) - before} requests`);
      assert.ok(took < TIME_MAX_MS, `${took} ms`);
      await settled(page);
    }
    const { nodes, links } = await picture(page);
    assert.equal(nodes.length, 2 + 75);
    assert.equal(links.length, 3 + 75);
    // One entry of the history opened them all, each part in the place of the last.
    assert.equal((page.url().match(/s=/g) ?? []).length, 2);
    await press(page, "Group on picture", ".panel .card");
    await until(page, () => document.querySelector(".bar").innerText.startsWith("2 of "));
  });
});

test("a list of a large group brings every record once", async () => {
  await visit(browser, hub(), async (page) => {
    await settled(page);
    await page.evaluate(() => {
      const card = [...document.querySelectorAll(".panel .card")].find((one) => one.innerText.startsWith("Watcher"));
      card.id = "watchers";
    });
    await press(page, "Show more", "#watchers");
    const rows = () => page.$$eval("#watchers li button", (found) => found.map((one) => one.innerText));
    await until(page, () => document.querySelectorAll("#watchers li").length === 50);
    for (let listed = 50; listed < WATCHERS; listed += 50) {
      await page.evaluate(() => [...document.querySelectorAll("#watchers button")].find((one) => one.innerText.startsWith("Load 50 more")).click());
      await until(page, (wanted) => document.querySelectorAll("#watchers li").length === wanted, listed + 50);
    }
    const all = await rows();
    assert.equal(new Set(all).size, WATCHERS);
    assert.equal(all.length, WATCHERS);
    assert.equal(await page.$$eval("#watchers button", (found) => found.filter((one) => one.innerText.startsWith("Load") && one.offsetParent).length), 0);
    // Any of them can be put on the picture.
    await press(page, "watcher-0", "#watchers");
    await until(page, () => document.querySelector(".bar").innerText.startsWith("3 of "));
  });
});

test("a picture asks before it is large, and ends", async () => {
  const step = (association, limit) => `&s=expand:house/hub:${association}:first:contact:${limit}`;
  await visit(browser, hub(step("a", 450)), async (page) => {
    await settled(page);
    await press(page, "Show on picture", ".panel .card:has(+ .card + .card + .card + .card)");
    assert.equal(await page.$("dialog"), null, "475 are no question");
    await until(page, () => document.querySelector(".bar").innerText.startsWith("477 of "));
    await settled(page);
    await page.evaluate(() => {
      window.longest = 0;
      new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration); }).observe({ type: "longtask" });
    });
    await press(page, "Show on picture", ".panel .card");
    await page.waitForSelector("dialog[open]");
    assert.match((await texts(page, "dialog p"))[0], /^This would make 502 records\.$/);
    await press(page, "Cancel", "dialog");
    assert.equal(await shown(page), 477);
    await press(page, "Show on picture", ".panel .card");
    await press(page, "Show 25 more", "dialog");
    await until(page, () => document.querySelector(".bar").innerText.startsWith("502 of "));
    await settled(page);
    const longest = await page.evaluate(() => window.longest);
    measured(`500 records: longest task ${Math.round(longest)} ms`);
    assert.ok(longest < TASK_MAX_MS, `${longest} ms`);
  });
  await visit(browser, hub(step("a", 1000) + step("b", 990)), async (page) => {
    await settled(page);
    assert.equal(await shown(page), 1_992);
    assert.ok((await texts(page, "#notices")).some((text) => text.includes("More than 300 records")));
    await page.evaluate(() => [...document.querySelectorAll(".panel .card")].find((one) => one.innerText.startsWith("Watcher")).setAttribute("id", "watchers"));
    await press(page, "Show on picture", "#watchers");
    await until(page, () => document.querySelector("#notices").innerText.includes("at most 2,000"));
    assert.equal(await shown(page), 1_992);
  });
});
