/** What happens while the page is open: changes as they come, and deliveries that are of no use. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import test, { after, before } from "node:test";

import { isLive, launch, measured, post, press, ready, settled, texts, until, visit } from "./browser.mjs";

const { EMPTY } = process.env;

/** A change is on the page within this time, in milliseconds, also on a busy machine. */
const SHOWN_MAX_MS = 3_000;

/** While many come at once, the page answers within this time, in milliseconds, with the server
 * and everything else on the same processors. */
const ANSWER_MAX_MS = 1_000;

const relation = (id) => ({
  type: "RelationCreate", id: `r${id}`, associationId: "a", locationId: "L",
  firstObjectKey: "house", firstRecordId: "h", secondObjectKey: "contact", secondRecordId: `c${id}`,
});

let browser;
before(async () => {
  await post(EMPTY, [
    { type: "AssociationCreate", id: "a", key: "a", locationId: "L", firstObjectKey: "house", firstObjectLabel: "House", secondObjectKey: "contact", secondObjectLabel: "Buyer" },
    relation(0),
  ]);
  browser = await launch();
});
after(() => browser.close());

const at = (rest) => new URL("explore/#" + rest, EMPTY).href;

test("changes are listed as they come, and marked on the picture", async () => {
  await visit(browser, at("/L/changes"), async (page) => {
    await isLive(page);
    const began = Date.now();
    await post(EMPTY, [relation(1)]);
    const has = (page_, ...ids) => until(page_, (wanted) => wanted.every((id) => document.querySelector("table.changes tbody").innerText.includes(id)), ids);
    await has(page, "c1");
    measured(`a change is listed after ${Date.now() - began} ms`);
    assert.ok(Date.now() - began < SHOWN_MAX_MS);
    // A pause keeps what comes for later, and loses nothing.
    await press(page, "Pause", "#view");
    const rows = (await texts(page, "table.changes tbody tr")).length;
    await post(EMPTY, [relation(2), relation(3)]);
    assert.equal((await texts(page, "table.changes tbody tr")).length, rows);
    await press(page, "Go on", "#view");
    await has(page, "c2", "c3");
    assert.equal((await texts(page, "table.changes tbody tr")).length, rows + 2);
  });
  await visit(browser, at("/L/graph?s=around:house/h&sel=house/h"), async (page) => {
    await settled(page);
    await isLive(page);
    const [before] = await texts(page, ".bar");
    await post(EMPTY, [relation(4)]);
    await until(page, () => document.querySelector(".panel .card h3")?.innerText.replace(/\s+/g, " ") === "Buyer 5");
    // Nothing is put on the picture by itself.
    assert.equal((await texts(page, ".bar"))[0].split(" of ")[0], before.split(" of ")[0]);
  });
});

test("a picture that was left asks for nothing more", { timeout: 30_000 }, async () => {
  await visit(browser, at("/L/graph?s=around:house/h"), async (page) => {
    await settled(page);
    await isLive(page);
    let held;
    await page.setRequestInterception(true);
    page.on("request", (request) => {
      if (held === undefined && new URL(request.url()).pathname.endsWith("/labels")) held = request;
      else request.continue();
    });
    const isHeld = new Promise((resolve) => page.on("request", () => held && resolve()));
    const isStopped = new Promise((resolve) => page.on("requestfailed", (request) => request === held && resolve()));
    await post(EMPTY, [relation(5)]);
    await isHeld;
    await page.evaluate(() => { location.hash = "#/L/changes"; });
    await until(page, () => document.querySelector("h1")?.innerText === "Changes");
    await isStopped;
  });
});

test("pages that were left hold no connection, and one that comes back goes on", async () => {
  const address = at("/L/changes");
  await visit(browser, address, async (page) => {
    // A browser keeps pages that were left, and opens six connections to one server.
    for (let round = 0; round < 8; round += 1) {
      await isLive(page);
      await page.goto("about:blank");
      await page.goto(address);
      await ready(page);
    }
    await isLive(page);
    await page.goto("about:blank");
    await page.goBack();
    await isLive(page);
    await post(EMPTY, [relation(6)]);
    await until(page, () => document.querySelector("table.changes tbody").innerText.includes("c6"));
  });
});

test("an overview shows what comes in all of its parts", async () => {
  const friends = { type: "AssociationCreate", id: "f", key: "friends", locationId: "N", firstObjectKey: "contact", firstObjectLabel: "Friend", secondObjectKey: "contact", secondObjectLabel: "Friend" };
  const friend = (id) => ({ type: "RelationCreate", id: `n${id}`, associationId: "f", locationId: "N", firstObjectKey: "contact", firstRecordId: "c0", secondObjectKey: "contact", secondRecordId: `c${id}` });
  await post(EMPTY, ["c0", "c1"].map((id) => ({ type: "ContactCreate", id, locationId: "N" })));
  await visit(browser, at("/N"), async (page) => {
    await isLive(page);
    await settled(page);
    const says = (...all) => until(page, (wanted) => wanted.every((text) => document.querySelector("#view").innerText.includes(text)), all);
    const saysNot = (text) => until(page, (unwanted) => !document.querySelector("#view").innerText.includes(unwanted), text);
    const rows = () => texts(page, "table:not(.changes) tbody tr");
    await says("No event has declared an association yet.");
    await post(EMPTY, [friend(1)]);
    await says("1 association has links but was never declared by an event.");
    await post(EMPTY, [friends]);
    await saysNot("was never declared");
    await until(page, () => document.querySelector("table:not(.changes) tbody")?.innerText.includes("Friend"));
    assert.equal((await rows()).length, 1);
    const select = async () => {
      await settled(page);
      await page.focus(".stage canvas");
      await page.keyboard.press("ArrowRight");
      await until(page, () => !document.querySelector(".held .card").hidden);
      return (await texts(page, ".held .card"))[0];
    };
    assert.match(await select(), /^Contacts? 2 records/);
    await post(EMPTY, [friend(2), friend(3)]);
    await says("4 records", "3 relations");
    assert.match(await select(), /^Contacts? 4 records/);
    await fetch(new URL("webhooks", EMPTY), { method: "POST", headers: { "content-type": "application/json" }, body: "{" });
    await post(EMPTY, [friend(4)]);
    await says("1 delivery could not be used.");
  });
});

test("thousands of events at once leave the page quick", async () => {
  await visit(browser, at("/L/changes"), async (page) => {
    await isLive(page);
    const flood = post(EMPTY, Array.from({ length: 5_000 }, (_, index) => relation(1_000 + index)));
    let longest = 0;
    const watching = { over: false };
    flood.finally(() => { watching.over = true; });
    while (!watching.over) {
      const began = performance.now();
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
      longest = Math.max(longest, performance.now() - began);
    }
    await flood;
    await until(page, () => document.querySelectorAll("table.changes tbody tr").length > 10);
    measured(`5,000 events at once: the page answers after ${Math.round(longest)} ms at most`);
    assert.ok(longest < ANSWER_MAX_MS, `${longest} ms`);
    assert.ok((await texts(page, "table.changes tbody tr")).length <= 500);
  });
});

test("deliveries of no use are told with their reasons, tried again and deleted", async () => {
  const folder = new URL("../../data/malformed/", import.meta.url);
  const cases = JSON.parse(readFileSync(new URL("cases.json", folder), "utf8"));
  assert.ok(readdirSync(folder).length > 10);
  for (const { file } of cases.slice(0, 20)) {
    await fetch(new URL("webhooks", EMPTY), { method: "POST", headers: { "content-type": "application/json" }, body: readFileSync(new URL(file, folder)) });
  }
  const listed = async () => (await fetch(new URL("v1/dead-letters?limit=1000", EMPTY))).json();
  const { total, deadLetters } = await listed();
  assert.ok(total > 10);
  await visit(browser, at("/dead-letters"), async (page) => {
    await ready(page);
    const count = () => page.$$eval("[data-letter]", (found) => found.length);
    await until(page, () => document.querySelector("[data-letter]"));
    assert.equal(await count(), total);
    assert.match(await page.$eval("#view", (one) => one.innerText), new RegExp(`${total} deliveries could not be used`));
    const chips = (await texts(page, "table.letters .chip")).map(Number);
    assert.equal(chips.reduce((sum, one) => sum + one, 0), total);
    const { id } = deadLetters[0];
    await press(page, `Open ${id}`, "table.letters");
    await until(page, () => document.querySelector(".letter pre"));
    await press(page, "Ask the doctor", ".letter");
    await until(page, () => document.querySelector(".letter")?.innerText.includes("The doctor says"));
    await press(page, `Replay ${id}`, "table.letters");
    await until(page, () => document.querySelector("#notices").innerText.includes("was refused again"));
    await press(page, `Delete ${id}`, "table.letters");
    await press(page, "Delete", "dialog");
    await until(page, (wanted) => document.querySelectorAll("[data-letter]").length === wanted, total - 1);
    assert.equal((await listed()).total, total - 1);
    // Somebody else deletes one meanwhile.
    const other = deadLetters[1].id;
    await fetch(new URL(`v1/dead-letters/${other}`, EMPTY), { method: "DELETE" });
    await press(page, `Replay ${other}`, "table.letters");
    await until(page, () => document.querySelector("#notices").innerText.includes("is not there any more"));
    assert.equal(await count(), total - 2);
    await press(page, "Replay all", "#view");
    await press(page, "Replay all", "dialog");
    await until(page, () => document.querySelector("#notices").innerText.includes("refused again."));
    assert.equal(await count(), (await listed()).total);
  }, { expected: [/400|404|422/] });
});
