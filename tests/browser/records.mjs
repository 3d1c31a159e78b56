/** What is said of a record: in its panel, its history, its tooltip, and when it was deleted. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";

import { launch, press, ready, settled, texts, until, visit } from "./browser.mjs";

const { DEMO } = process.env;

const HOUSE = "custom_objects.property/6adf249e8ce18ef62a90b95f";

/** A viewing that was deleted, with its links. */
const GONE = "custom_objects.viewing/6af0656a140d79165be9830c";

const at = (route) => new URL("explore/#/seaside-realty" + route, DEMO).href;

const find = async (name) => {
  const { results: [{ object, record }] } = await (await fetch(new URL("v1/locations/seaside-realty/search?q=" + encodeURIComponent(name), DEMO))).json();
  return `${object}/${record}`;
};

const ENGINES = ["chromium", "firefox"];
const browsers = {};
before(async () => { for (const name of ENGINES) browsers[name] = await launch(name); });
after(() => Promise.all(Object.values(browsers).map((browser) => browser.close())));

const quietly = { features: [["prefers-reduced-motion", "reduce"]] };

// It looked like any other record to which nothing is linked.
test("a record that was deleted is marked, in panel, list and tooltip", async () => {
  for (const name of ENGINES) {
    await visit(browsers[name], at(`/graph?s=add:${GONE}&s=add:${HOUSE}&sel=${GONE}`), async (page) => {
      await settled(page);
      assert.match((await texts(page, ".panel .bad"))[0], /^This viewing was deleted on .*Nov 20, 2026/);
      assert.doesNotMatch(await page.$eval(".panel", (panel) => panel.innerText), /Nothing is linked/);
      assert.deepEqual(await texts(page, ".list li:has([data-id*=viewing]) > .bad"), ["was deleted"]);
      assert.match(await tooltipOf(page, "Ines at 9 Ferry Walk"), /was deleted on/);
      assert.doesNotMatch(await tooltipOf(page, "12 Maple Street"), /deleted/);
    }, { size: [1500, 900] });
  }
  // Before that, it was alive.
  await visit(browsers.chromium, at(`/graph?s=add:${GONE}&sel=${GONE}&asOf=300`), async (page) => {
    await settled(page);
    assert.deepEqual(await texts(page, ".panel .bad"), []);
    assert.equal((await texts(page, ".panel .card")).length, 2);
  });
});

/** Moves the pointer over the picture until its tooltip begins with a name, and returns what it says. */
async function tooltipOf(page, name) {
  const said = await page.$eval(".stage canvas", (canvas, wanted) => {
    const box = canvas.getBoundingClientRect();
    const tip = document.querySelector(".stage .tip");
    for (let clientY = box.top + 10; clientY < box.bottom; clientY += 10) {
      for (let clientX = box.left + 10; clientX < box.right; clientX += 10) {
        canvas.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, pointerType: "mouse" }));
        if (!tip.hidden && tip.innerText.startsWith(wanted)) return tip.innerText;
      }
    }
    return null;
  }, name);
  return said ?? assert.fail(`${name} is nowhere on the picture`);
}

// Nineteen rows said "RelationCreate" and a time.
test("the history of a record names what each event joined it with, also of links that are gone", async () => {
  await visit(browsers.chromium, at(`/graph?s=add:${HOUSE}&sel=${HOUSE}`), async (page) => {
    await settled(page);
    await press(page, "History", ".panel");
    await until(page, () => document.querySelectorAll(".events summary").length > 5);
    const rows = await texts(page, ".events summary");
    assert.match(rows[0], /^\+ Link added Interested Buyer Noah Fischer .* event 380$/);
    assert.ok(rows.some((row) => /^− Link removed Interested Buyer Jonas Weber .* event 377$/.test(row)), rows.join("\n"));
    assert.ok(rows.every((row) => !/[A-Za-z0-9]{20}/.test(row)), rows.join("\n"));
    await page.click(".events summary");
    await until(page, () => document.querySelector(".events pre")?.innerText.includes("firstRecordId"));
    assert.deepEqual(await texts(page, ".events li:first-child .soft:not(summary *)"), ["RelationCreate"]);
  });
});

test("a long card is listed in full, and short again, with the focus on what is new", async () => {
  await visit(browsers.chromium, at(`/graph?s=around:${HOUSE}&sel=${HOUSE}`), async (page) => {
    await settled(page);
    const listed = () => texts(page, ".panel .card:first-child li .entry");
    const few = await listed();
    assert.equal(few.length, 5);
    await press(page, "Show all 9", ".panel");
    await until(page, () => document.querySelectorAll(".panel .card:first-child li").length === 9);
    assert.equal(await page.evaluate(() => document.activeElement.innerText), (await listed())[5]);
    assert.deepEqual((await listed()).slice(0, 5), few);
    await press(page, "Show fewer", ".panel");
    assert.deepEqual(await listed(), few);
    assert.equal(await page.evaluate(() => document.activeElement.innerText), "Show all 9");
    // That is of the list alone.
    assert.match(await page.$eval(".bar", (bar) => bar.innerText), /^16 of /);
    await press(page, "Group on picture", ".panel .card:first-child");
    await until(page, () => !document.querySelector(".bar").innerText.startsWith("16 of "));
  });
});

test("two that are selected are named, and the view of paths begins with what is selected", async () => {
  const [one, other] = [await find("Amara Okafor"), await find("Maya Patel")];
  await visit(browsers.chromium, at(`/graph?s=around:${HOUSE}&sel=${one}&sel=${other}`), async (page) => {
    await settled(page);
    assert.deepEqual(await texts(page, ".panel .entry"), ["Amara Okafor", "Maya Patel"]);
    await press(page, "Amara Okafor", ".panel");
    await settled(page);
    await press(page, "Paths", "#views");
    await until(page, () => document.activeElement.id === "path-to");
    assert.deepEqual(await texts(page, ".path-ends .chosen a"), ["Amara Okafor"]);
    await page.goBack();
    await settled(page);
    await press(page, "Find what joins it with …", ".panel");
    await until(page, () => document.activeElement.id === "path-to");
    assert.deepEqual(await texts(page, ".path-ends .chosen a"), ["Amara Okafor"]);
  });
});

// A tooltip told of a record that had been removed, or of hidden links that had come.
test("a tooltip goes with what it is about, and says what is so now", async () => {
  await visit(browsers.chromium, at(`/graph?s=add:${HOUSE}`), async (page) => {
    await settled(page);
    const [x, y] = await placeOf(page, "12 Maple Street");
    const tip = () => page.$eval(".tip", (one) => (one.hidden ? null : one.innerText));
    await page.mouse.move(x, y);
    assert.match(await tip(), /15 links, 0 shown/);
    await page.mouse.click(x, y);
    await page.keyboard.press("e");
    await until(page, () => document.querySelector(".bar").innerText.startsWith("16 of "));
    await settled(page);
    assert.doesNotMatch(String(await tip()), /0 shown/);
    await page.keyboard.down("Control");
    await page.keyboard.press("z");
    await page.keyboard.up("Control");
    await until(page, () => document.querySelector(".bar").innerText.startsWith("1 of "));
    await settled(page);
    const [nowX, nowY] = await placeOf(page, "12 Maple Street");
    await page.mouse.move(nowX, nowY);
    assert.match(await tip(), /0 shown/);
    await page.mouse.click(nowX, nowY);
    await settled(page);
    await page.keyboard.press("Delete");
    await until(page, () => document.querySelector(".hint:not([hidden])"));
    await settled(page);
    assert.equal(await tip(), null);
  }, quietly);
});

/** Returns where the picture has a record. */
async function placeOf(page, name) {
  await ready(page);
  return page.$eval(".stage canvas", (canvas, wanted) => {
    const box = canvas.getBoundingClientRect();
    const tip = document.querySelector(".stage .tip");
    const places = [];
    for (let clientY = box.top + 10; clientY < box.bottom; clientY += 6) {
      for (let clientX = box.left + 10; clientX < box.right; clientX += 6) {
        canvas.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY, pointerType: "mouse" }));
        if (!tip.hidden && tip.innerText.startsWith(wanted)) places.push([clientX, clientY]);
      }
    }
    return places[Math.floor(places.length / 4)];
  }, name);
}
