/** Going back and forward, and addresses that are opened elsewhere. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";

import { launch, picture, press, ready, search, settled, texts, until, visit } from "./browser.mjs";

const { DEMO } = process.env;

const HOUSE = "custom_objects.property/6adf249e8ce18ef62a90b95f";

/** How many steps are taken back, and forward again. */
const STEPS = 30;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

const at = (rest) => new URL("explore/#/" + rest, DEMO).href;

/** What a person sees of a picture. */
async function seen(page) {
  await settled(page);
  return { ...await picture(page), panel: await texts(page, ".panel h2, .panel .card h3"), bar: await texts(page, ".bar") };
}

/** Numbers that are the same in every run. */
function* numbers(seed) {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield state >>> 8;
  }
}

/** Does one of the things that change a picture, and returns whether it made an entry. */
async function act(page, random) {
  const before = page.url();
  const pick = (items) => items[random.next().value % items.length];
  const listed = await page.$$eval(".list .entry[data-id]", (found) => found.map((one) => one.dataset.id));
  if (listed.length === 0) {
    await search(page, "12 Maple Street");
  } else {
    const node = pick(listed);
    await page.evaluate((id) => {
      const entry = [...document.querySelectorAll(".list .entry[data-id]")].find((one) => one.dataset.id === id);
      if (entry.getAttribute("aria-pressed") !== "true") entry.click();
    }, node);
    await settled(page);
    const names = await texts(page, ".panel .row button");
    const action = pick(["Expand", "Remove from picture", "Group on picture", "Show on picture", "Hide all of this kind"]);
    if (action === "Hide all of this kind") {
      await press(page, "More …", ".panel");
      await press(page, action, ".menu");
    } else if (names.includes(action)) await press(page, action, ".panel");
  }
  await settled(page);
  return page.url().replace(/[?&]sel=[^&]*/, "") !== before.replace(/[?&]sel=[^&]*/, "");
}

test("going back undoes each step, and going forward redoes it", async () => {
  await visit(browser, at("seaside-realty/graph?s=around:" + HOUSE), async (page) => {
    const random = numbers(7);
    await settled(page);
    const look = async () => [page.url(), await picture(page)];
    const states = [await look()];
    while (states.length <= STEPS) if (await act(page, random)) states.push(await look());
    const steps = (url) => url.split("?")[1].split("&").filter((field) => field.startsWith("s=")).join("&");
    const agrees = async ([url, shown], what) => {
      await until(page, (wanted) => location.hash.split("?")[1]?.split("&").filter((field) => field.startsWith("s=")).join("&") === wanted, steps(url));
      await settled(page);
      assert.deepEqual(await picture(page), shown, what);
    };
    for (let index = states.length - 2; index >= 0; index -= 1) {
      await page.evaluate(() => history.back());
      await agrees(states[index], `back to ${index}`);
    }
    for (let index = 1; index < states.length; index += 1) {
      await page.evaluate(() => history.forward());
      await agrees(states[index], `forward to ${index}`);
    }
  }, { size: [1500, 900] });
});

test("a selection is no entry of the history", async () => {
  await visit(browser, at("seaside-realty/graph?s=around:" + HOUSE), async (page) => {
    await settled(page);
    const length = await page.evaluate(() => history.length);
    await page.evaluate(() => document.querySelectorAll(".list .entry[data-id]")[3].click());
    await settled(page);
    assert.equal((await texts(page, ".panel h2")).length, 1);
    assert.match(page.url(), /sel=/);
    assert.equal(await page.evaluate(() => history.length), length);
  }, { size: [1500, 900] });
});

test("every view is opened again from its address", async () => {
  const views = [
    at(""), at("seaside-realty"), at("seaside-realty/kind/contact"), at("hillside-homes/graph"),
    at(`seaside-realty/graph?s=around:${HOUSE}&sel=${HOUSE}`),
    at(`seaside-realty/graph?s=around:${HOUSE}&s=hide-object:contact&names=off`),
    at(`seaside-realty/graph?s=around:${HOUSE}&view=list&asOf=201`),
    at(`seaside-realty/path?from=${HOUSE}&hops=3&all=1`), at("seaside-realty/diff?from=334&to=388"), at("seaside-realty/violations"),
    at("dead-letters"),
  ];
  const look = async (page) => {
    await settled(page);
    return page.evaluate(() => [document.title, document.querySelector("#view").innerText, location.href]);
  };
  for (const address of views) {
    let [first, second] = [];
    await visit(browser, address, async (page) => { first = await look(page); });
    await visit(browser, first[2], async (page) => { second = await look(page); });
    assert.deepEqual(second, first);
    assert.equal(first[2], address);
  }
  // The same picture also by way of what people press.
  let walked;
  await visit(browser, at("seaside-realty"), async (page) => {
    await settled(page);
    await search(page, "12 Maple Street");
    walked = { url: page.url(), ...await seen(page) };
  });
  await visit(browser, walked.url, async (page) => {
    await until(page, () => document.querySelector(".panel .card"));
    const { url, ...expected } = walked;
    assert.deepEqual(await seen(page), expected);
  });
});

test("what an address asks for and is not there is named", async () => {
  for (const [rest, told] of [
    ["seaside-realty/graph?s=around:contact/nobody", /contact\/nobody is not there/],
    [`seaside-realty/graph?s=dance:${HOUSE}&s=around:${HOUSE}`, /The step “dance:.*” is not known/],
    ["seaside-realty/nowhere", /There is no view “nowhere”/],
    [`seaside-realty/graph?s=around:${HOUSE}&x=%E0`, /The parameter “x” cannot be read/],
    [`seaside-realty/graph?${`s=add:${HOUSE}&`.repeat(201)}`, /Only the first 200 steps were read/],
  ]) {
    await visit(browser, at(rest), async (page) => {
      await settled(page);
      assert.match((await texts(page, "#notices")).join(), told);
      assert.ok((await page.$$(".view")).length > 0);
    }, { expected: [/404/] });
  }
  await visit(browser, at("nowhere-at-all"), async (page) => {
    await ready(page);
    assert.deepEqual(await texts(page, "h1"), ["Nothing here"]);
    await press(page, "Back to the start", "#view");
    await until(page, () => document.querySelector("h1").innerText === "Locations");
  }, { expected: [/404/] });
});
