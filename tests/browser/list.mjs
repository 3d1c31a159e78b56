/** The list beside the picture holds the same records, links and groups, whatever was done. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";

import { launch, picture, press, saved, settled, texts, until, visit } from "./browser.mjs";

const { DEMO } = process.env;

const HOUSE = "custom_objects.property/6adf249e8ce18ef62a90b95f";

/** How often something is done and both are compared. */
const ACTIONS = 50;

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** What the list says, with every record unfolded. */
function listed(page) {
  return page.evaluate(() => {
    const items = [...document.querySelectorAll(".list section > ul > li")];
    for (const item of items) {
      const fold = item.querySelector(".fold");
      if (fold.getAttribute("aria-expanded") !== "true") fold.click();
    }
    const nodes = items.map((item) => item.querySelector(".entry").dataset.id).sort();
    const ends = items.flatMap((item) => [...item.querySelectorAll(":scope > div > ul > li")]
      .filter((row) => row.querySelector(".ends"))
      .flatMap((row) => [...row.querySelectorAll(".ends .entry")].map((end) =>
        [item.querySelector(".entry").dataset.id, row.querySelector("b").textContent, end.textContent].join(" | "))));
    const groups = items.flatMap((item) => [...item.querySelectorAll(".more")].map((one) => one.textContent).filter((text) => /^Open [\d,]+ of /.test(text)));
    const counts = [...document.querySelectorAll(".list section")].map((section) => [Number(section.querySelector("h2 .soft").textContent.replace(",", "")), section.querySelectorAll(":scope > ul > li").length]);
    return { nodes, ends: ends.sort(), groups: groups.length, counts };
  });
}

/** The same, as the exported picture says it. */
async function drawn(page) {
  const { nodes, links, groups } = await picture(page);
  const names = new Map(await page.$$eval(".list .entry[data-id]", (found) => found.map((one) => [one.dataset.id, one.textContent])));
  const end = (node, label, far) => [node, label || "–", names.get(far)].join(" | ");
  const ends = links.flatMap(({ source, target, firstLabel, secondLabel }) => [end(source, secondLabel, target), end(target, firstLabel, source)]);
  return { nodes, ends: ends.sort(), groups: groups.length };
}

async function goBack(page) {
  const before = page.url();
  await press(page, "Undo", ".tools");
  await until(page, (left) => location.href !== left, before);
}

/** Opens a group from the list. */
async function openInList(page, at) {
  await page.evaluate((wanted) => [...document.querySelectorAll(".list .more")].filter((one) => /^Open [\d,]+ of /.test(one.textContent))[wanted].click(), at);
}

/** Does something with a record, as the panel and its menu offer it. */
async function actOn(page, node, below) {
  await page.evaluate((id) => {
    const entry = [...document.querySelectorAll(".list .entry[data-id]")].find((one) => one.dataset.id === id);
    if (entry.getAttribute("aria-pressed") !== "true") entry.click();
  }, node);
  await settled(page);
  if (below(12) === 0) {
    await press(page, "More …", ".panel");
    await press(page, "Hide all of this kind", ".menu");
    return;
  }
  const buttons = await page.$$eval(".panel .row button", (found) => found.map((one) => one.innerText).filter((text) => ["Expand", "Remove from picture", "Group on picture", "Show on picture"].includes(text)));
  const wanted = [...buttons, ...buttons.filter((text) => text !== "Remove from picture")];
  await press(page, wanted[below(wanted.length)], ".panel");
}

test("after any actions the list holds what the picture holds", async () => {
  await visit(browser, new URL(`explore/#/seaside-realty/graph?s=around:${HOUSE}`, DEMO).href, async (page) => {
    let state = 3;
    const below = (limit) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % limit;
    };
    for (let action = 0; action < ACTIONS; action += 1) {
      await settled(page);
      const { counts, ...list } = await listed(page);
      assert.deepEqual(list, await drawn(page), `after ${action} actions: ${page.url()}`);
      for (const [told, found] of counts) assert.equal(told, found);
      const bar = await page.$eval(".bar", (one) => one.innerText);
      const [, all, links] = /^([\d,]+) of [\d,]+ records, ([\d,]+) link/.exec(bar) ?? [bar, "0", "0"];
      assert.deepEqual([Number(all), Number(links) * 2], [list.nodes.length, list.ends.length], bar);
      const undo = await page.$eval(".tools button", (button) => !button.disabled);
      // Growing is more usual than taking away, and an empty picture can only go back.
      const kind = list.nodes.length === 0 ? 0 : below(10);
      if (kind === 0 && undo) await goBack(page);
      else if (kind === 1 && list.groups > 0) await openInList(page, below(list.groups));
      else await actOn(page, list.nodes[below(list.nodes.length)], below);
    }
  }, { size: [1500, 900] });
});

test("with the Shift key one more is selected, wherever it is clicked", async () => {
  await visit(browser, new URL(`explore/#/seaside-realty/graph?s=around:${HOUSE}`, DEMO).href, async (page) => {
    await settled(page);
    const selected = () => page.evaluate(() => [...document.querySelectorAll(".list .entry[aria-pressed=true]")].map((one) => one.innerText).sort());
    const shifted = async (action) => {
      await page.keyboard.down("Shift");
      await action();
      await page.keyboard.up("Shift");
      await settled(page);
    };
    await press(page, "Amara Okafor", ".list");
    await shifted(() => press(page, "Maya Patel", ".list"));
    assert.deepEqual(await selected(), ["Amara Okafor", "Maya Patel"]);
    assert.deepEqual(await texts(page, ".panel h2"), ["2 selected"]);
    await shifted(() => press(page, "12 Maple Street", ".list .ends"));
    assert.deepEqual(await selected(), ["12 Maple Street", "Amara Okafor", "Maya Patel"]);
    // Once more takes it away.
    await shifted(() => press(page, "Maya Patel", ".list"));
    assert.deepEqual(await selected(), ["12 Maple Street", "Amara Okafor"]);
    await press(page, "12 Maple Street", ".list");
    assert.deepEqual(await selected(), ["12 Maple Street"]);
    await shifted(() => press(page, "Noah Fischer", ".panel"));
    assert.deepEqual(await selected(), ["12 Maple Street", "Noah Fischer"]);
    for (const [name, expected] of [["Amara Okafor", ["Amara Okafor"]], ["Maya Patel", ["Amara Okafor", "Maya Patel"]]]) {
      const click = async () => page.mouse.click(...await placeOf(page, name));
      await (expected.length === 1 ? click() : shifted(click));
      assert.deepEqual(await selected(), expected);
    }
  }, { size: [1500, 900] });
});

/** Returns where the picture has a record: place by place, its tooltip is asked what is there. */
async function placeOf(page, name) {
  const place = await page.$eval(".stage canvas", (canvas, wanted) => {
    const box = canvas.getBoundingClientRect();
    const tip = document.querySelector(".stage .tip");
    for (let clientY = box.top + 10; clientY < box.bottom; clientY += 12) {
      for (let clientX = box.left + 10; clientX < box.right; clientX += 12) {
        canvas.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, pointerType: "mouse" }));
        if (!tip.hidden && tip.innerText.startsWith(wanted)) return [clientX, clientY];
      }
    }
    return null;
  }, name);
  return place ?? assert.fail(`${name} is nowhere on the picture`);
}

test("a narrow page begins with the list, which opens the same", async () => {
  await visit(browser, new URL(`explore/#/seaside-realty/graph?s=around:${HOUSE}`, DEMO).href, async (page) => {
    await settled(page);
    assert.equal(await page.$eval(".list", (one) => one.offsetParent !== null), true);
    assert.equal((await listed(page)).nodes.length, 16);
    await press(page, "Picture", ".tools");
    await until(page, () => document.querySelector(".list").offsetParent === null);
    assert.match(page.url(), /view=picture/);
  }, { size: [600, 800] });
});

/** Pairs of what is drawn on each other, and where everything is, by the file for Cytoscape. */
async function positions(page) {
  await press(page, "Export", ".tools");
  const { text } = await saved(page, () => press(page, "JSON for Cytoscape", "dialog"));
  await press(page, "Close", "dialog");
  return new Map(JSON.parse(text).elements.nodes.map(({ data, position }) => [data.id, position]));
}

// A house came in on top of another, and one of the two was not to be seen.
test("whatever is opened, no record is drawn on another, and none moves for it", async () => {
  await visit(browser, new URL(`explore/#/seaside-realty/graph?s=around:${HOUSE}`, DEMO).href, async (page) => {
    let before = new Map();
    for (let turn = 0; turn < 12; turn += 1) {
      await settled(page);
      const now = await positions(page);
      const all = [...now];
      for (const [at, [id, one]] of all.entries()) {
        for (const [other, { x, y }] of all.slice(at + 1)) assert.ok(Math.hypot(x - one.x, y - one.y) >= 20, `${id} and ${other} after ${turn} turns`);
        if (before.has(id)) assert.deepEqual(one, before.get(id), id);
      }
      before = now;
      const entries = await page.$$eval(".list .entry[data-id]", (found) => found.map((one) => one.dataset.id));
      const id = entries[(turn * 7) % entries.length];
      await page.evaluate((wanted) => [...document.querySelectorAll(".list .entry[data-id]")].find((one) => one.dataset.id === wanted).click(), id);
      await settled(page);
      await press(page, "Expand", ".panel");
    }
    assert.ok(before.size > 30, String(before.size));
  }, { size: [1500, 900], features: [["prefers-reduced-motion", "reduce"]] });
});
