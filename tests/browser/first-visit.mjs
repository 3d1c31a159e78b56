/** Somebody opens the sample for the first time, in two browsers, and finds the right answers. */

import assert from "node:assert/strict";
import test from "node:test";

import { launch, press, search, settled, texts, until, visit } from "./browser.mjs";

const { DEMO } = process.env;

for (const engine of ["chromium", "firefox"]) {
  test(`the sample shows its right answers in ${engine}`, async () => {
    const browser = await launch(engine);
    try {
      await visit(browser, DEMO, (page) => look(page, engine));
    } finally {
      await browser.close();
    }
  });
}

async function look(page) {
  // The root leads here, and two locations are there to choose from.
  assert.equal(new URL(page.url()).pathname, "/explore/");
  assert.deepEqual(await texts(page, "h1"), ["Locations"]);
  assert.deepEqual((await texts(page, "tbody tr")).sort(), ["Hillside Homes hillside-homes 13 19 6", "Seaside Realty seaside-realty 87 207 9"]);
  await press(page, "Seaside Realty");
  await settled(page);
  assert.deepEqual(await texts(page, "h1"), ["Seaside Realty"]);
  assert.deepEqual(await texts(page, ".count"), ["87 records", "207 relations", "9 associations", "as of event 388"]);
  assert.equal((await texts(page, "ul.kinds li")).length, 5);
  const rows = await texts(page, "table:not(.changes) tbody tr");
  assert.equal(rows.length, 9);
  assert.deepEqual(rows.filter((row) => !row.endsWith("none")).map((row) => /\d+ records?$/.exec(row)?.[0]), ["2 records"]);
  await search(page, "12 Maple Street");
  await houseIsRight(page);
}

/** The house of which the sample's right answers speak. */
async function houseIsRight(page) {
  assert.deepEqual(await texts(page, ".panel h2"), ["12 Maple Street"]);
  assert.deepEqual(await texts(page, ".panel .card h3"), ["Interested Buyer 9", "Viewing 3", "Listing Agent 2", "Owner 1"]);
  assert.deepEqual(await texts(page, ".panel .card .bad"), ["Allows one Listing Agent, has 2"]);
  assert.match((await texts(page, ".bar"))[0], /^16 of 87 records, \d+ links/);
  assert.match(await page.$eval(".stage canvas", (canvas) => canvas.getAttribute("aria-label")), /^16 of 87 records, \d+ links.*the list holds the same$/);
  assert.deepEqual(await texts(page, ".notice.bad, dialog"), []);
  // Five of them are named at first.
  await press(page, "Show all 9", ".panel");
  await until(page, () => document.querySelectorAll(".panel .card:first-child li").length === 9);
}
