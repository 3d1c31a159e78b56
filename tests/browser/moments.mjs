/** Paths, the past, comparisons and violations of the sample. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";

import { launch, press, ready, settled, texts, until, visit, written } from "./browser.mjs";

const { DEMO } = process.env;

const HOUSE = "custom_objects.property/6adf249e8ce18ef62a90b95f";

const THEN = "2026-11-09T00:00:00Z";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const at = (rest) => new URL("explore/#/seaside-realty" + rest, DEMO).href;

const api = async (rest) => (await fetch(new URL("v1/locations/seaside-realty/" + rest, DEMO))).json();

const find = async (name) => {
  const { results: [{ object, record }] } = await api("search?q=" + encodeURIComponent(name));
  return `${object}/${record}`;
};

test("a path between two people is told as the API finds it", async () => {
  const [from, to] = [await find("Amara Okafor"), await find("Nadia Cole")];
  const { paths: [path] } = await api(`path?from=${from}&to=${to}`);
  await visit(browser, at(`/path?from=${from}&to=${to}`), async (page) => {
    await settled(page);
    const [way] = await texts(page, "ol.ways li");
    const words = path.map((step) => `${step.link ? `─${step.link.label}→ ` : ""}${step.name}`).join(" ");
    assert.ok(way.startsWith(words), `${way}, ${words}`);
    // One is shown, which is not to say that there is one.
    assert.match(await page.$eval("#view", (view) => view.innerText), /A shortest way, of 2 links; there may be others as short\./);
    await press(page, "Put on the picture", "ol.ways");
    await until(page, (count) => document.querySelector(".bar")?.innerText.startsWith(`${count} of 87`), path.length);
  });
  await visit(browser, at(`/path?from=${from}&to=${HOUSE}&all=1`), async (page) => {
    await settled(page);
    const { paths } = await api(`path?from=${from}&to=${HOUSE}&all=true`);
    assert.equal((await texts(page, "ol.ways li")).length, paths.length);
  });
});

test("what two people share is found from a selection of both", async () => {
  const [one, other] = [await find("Amara Okafor"), await find("Maya Patel")];
  await visit(browser, at(`/graph?s=around:${HOUSE}&sel=${one}&sel=${other}`), async (page) => {
    await settled(page);
    assert.deepEqual(await texts(page, ".panel h2"), ["2 selected"]);
    await press(page, "Find what joins them", ".panel");
    await until(page, () => document.querySelector("ol.ways li"));
    const ways = await texts(page, "ol.ways li");
    for (const house of ["12 Maple Street", "7 Harbour View", "3 Lighthouse Road"]) assert.ok(ways.some((way) => way.includes(house)), ways.join());
  });
  await visit(browser, at(`/graph?s=around:${HOUSE}&sel=${one}&sel=${other}&sel=${HOUSE}`), async (page) => {
    await settled(page);
    assert.deepEqual(await texts(page, ".panel h2"), ["3 selected"]);
    assert.deepEqual(await texts(page, ".panel .row button"), ["Remove from picture", "Keep only these"]);
  });
});

test("the past shows what was, and says that it is the past", async () => {
  const { labels } = await api(`labels?of=${HOUSE}&asOf=${THEN}`);
  await visit(browser, at(`/graph?s=around:${HOUSE}&sel=${HOUSE}&asOf=${THEN}`), async (page) => {
    await settled(page);
    const expected = labels.map(({ label, count }) => `${label} ${count}`).sort();
    assert.deepEqual((await texts(page, ".panel .card h3")).sort(), expected);
    assert.notDeepEqual(expected, ["Interested Buyer 9", "Listing Agent 2", "Owner 1", "Viewing 3"]);
    const [banner] = await texts(page, "#as-of");
    assert.match(banner, /^As of .*Nothing here is live\./);
    await press(page, "Back to now", "#as-of");
    await until(page, () => document.querySelector(".panel .card h3")?.innerText.includes("9"));
    assert.deepEqual(await texts(page, ".panel .card h3"), ["Interested Buyer 9", "Viewing 3", "Listing Agent 2", "Owner 1"]);
    assert.equal(await page.$eval("#as-of", (one) => one.hidden), true);
  });
});

test("dragging through time asks once, where it rests", async () => {
  await visit(browser, at(""), async (page) => {
    await settled(page);
    await press(page, "Now", "header");
    await page.waitForSelector("#time-strip:not([hidden]) input[type=range]");
    await ready(page);
    await until(page, () => document.querySelector("#time-strip input[type=datetime-local]").min !== "");
    const before = page.watched.requests.length;
    await page.focus("#time-strip input[type=range]");
    for (let step = 0; step < 60; step += 1) await page.keyboard.press("ArrowLeft");
    await until(page, () => location.hash.includes("asOf="));
    await settled(page);
    const asked = page.watched.requests.slice(before).map((url) => new URL(url)).filter((url) => url.searchParams.has("asOf"));
    assert.equal(asked.filter((url) => url.pathname.endsWith("/summary")).length, 1, asked.join("\n"));
    // The first answer says which event it is of, and the others ask for that one.
    assert.ok(new Set(asked.map((url) => url.searchParams.get("asOf"))).size <= 2);
  });
});

test("what differs between two moments is what the API says", async () => {
  const [from, to] = ["2026-11-15T00:00:00Z", "2026-11-21T00:00:00Z"];
  const answer = await api(`diff?from=${from}&to=${to}`);
  await visit(browser, at(`/diff?from=${encodeURIComponent(from)}&to=${encodeURIComponent(to)}`), async (page) => {
    await settled(page);
    const rows = await texts(page, "table.diff tbody tr");
    assert.equal(rows.filter((row) => row.startsWith("+ added")).length, answer.added.length);
    assert.equal(rows.filter((row) => row.startsWith("− removed")).length, answer.removed.length);
    assert.ok(rows.length > 0);
  });
});

test("who comes to Compare from the past sees what has changed since then", async () => {
  const { added, removed } = await api(`diff?from=${THEN}`);
  await visit(browser, at(`/graph?s=around:${HOUSE}&asOf=${THEN}`), async (page) => {
    await settled(page);
    await press(page, "Compare dates", "#views");
    await until(page, () => document.querySelectorAll("table.diff tbody tr").length > 0);
    assert.equal((await texts(page, "table.diff tbody tr")).length, added.length + removed.length);
    await press(page, "Picture", "#views");
    await until(page, () => document.querySelector("#as-of")?.checkVisibility());
  });
});

test("now is compared with two weeks ago by one button", async () => {
  await visit(browser, at("/diff"), async (page) => {
    await settled(page);
    await press(page, "2 weeks ago", "main");
    await until(page, () => location.hash.includes("from="));
    await settled(page);
    const from = new URL(page.url().replace("#", "")).searchParams.get("from");
    const away = Date.now() - Date.parse(from) - 14 * 86_400_000;
    assert.ok(away >= 0 && away < 60_000, from);
    const { added, removed } = await api(`diff?from=${from}`);
    assert.equal((await texts(page, "table.diff tbody tr")).length, added.length + removed.length);
    assert.deepEqual(await texts(page, "[aria-pressed=true]"), ["2 weeks ago"]);
    // The date of a removed link is not that of its removal.
    assert.ok((await texts(page, "table.diff th")).includes("Made on"));
    assert.deepEqual(await texts(page, ".legend span"), ["Green: link added", "Red and dashed: link removed"]);
  });
});

// On the picture, one half of a way read backwards, some links had no label, and a click turned others round.
test("the picture of ways says of each link what the words say, whatever is clicked", async () => {
  const [one, other] = [await find("Maya Patel"), await find("Ben Castillo")];
  await visit(browser, at(`/path?from=${one}&to=${other}&all=1`), async (page) => {
    await settled(page);
    const steps = await page.$$eval("ol.ways li .soft", (found) => found.map((step) => step.innerText.replace(/^\W*/, "").replace(/→\s*$/, "").trim()));
    assert.ok(steps.length >= 8);
    const labels = async () => (await written(page, ".zoom")).filter((text) => text.endsWith(" →")).sort();
    const expected = steps.map((step) => `${step} →`).sort();
    assert.deepEqual(await labels(), expected);
    for (const key of ["ArrowRight", "ArrowRight", "ArrowLeft"]) {
      const before = await page.$eval(".stage canvas", (canvas) => canvas.toDataURL());
      await page.focus(".stage canvas");
      await page.keyboard.press(key);
      await until(page, (was) => document.querySelector(".stage canvas").toDataURL() !== was, before);
      assert.deepEqual(await labels(), expected);
    }
  }, { features: [["prefers-reduced-motion", "reduce"]] });
});

test("records that break a cardinality are listed, and lead to what breaks it", async () => {
  await visit(browser, at("/violations"), async (page) => {
    await settled(page);
    const rows = await texts(page, "tbody tr");
    assert.equal(rows.length, 2);
    for (const name of ["12 Maple Street", "9 Ferry Walk"]) {
      assert.ok(rows.some((row) => row.startsWith(name) && row.includes("Listing Agent") && row.endsWith("1 2")), rows.join("\n"));
    }
    assert.ok(rows.some((row) => row.includes("Nadia Cole") && row.includes("Priya Shah")), rows.join("\n"));
    await press(page, "12 Maple Street", "tbody");
    await until(page, () => document.querySelector(".panel .card .bad"));
    assert.deepEqual(await texts(page, ".panel .card .bad"), ["Allows one Listing Agent, has 2"]);
    // It is below others, and shown all the same.
    await until(page, () => {
      const [card, panel] = [document.querySelector(".panel .card:has(.bad)"), document.querySelector(".panel")].map((one) => one.getBoundingClientRect());
      return card.top >= panel.top && card.bottom <= panel.bottom;
    });
    assert.deepEqual(await texts(page, ".panel .pointed h3"), ["Listing Agent 2"]);
  });
});
