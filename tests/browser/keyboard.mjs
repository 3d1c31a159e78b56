/** A first visit without a pointer: the same answers, and the focus is always somewhere. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";

import { launch, ready, settled, texts, until, visit } from "./browser.mjs";

const { DEMO } = process.env;

const HOUSE = "custom_objects.property/6adf249e8ce18ef62a90b95f";

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Moves the focus on until it is on what is called so. */
async function tabTo(page, name) {
  const seen = [];
  for (let tries = 0; tries < 80; tries += 1) {
    await page.keyboard.press("Tab");
    const said = await page.evaluate(() => {
      const one = document.activeElement;
      return (one.getAttribute("aria-label") ?? one.innerText ?? "").replace(/\s+/g, " ").trim();
    });
    if (said.startsWith(name)) return focusIsSeen(page);
    seen.push(said);
  }
  return assert.fail(`no “${name}” among ${seen.join(", ")}`);
}

/** The focus is on something, and that something shows it. */
async function focusIsSeen(page) {
  const { tag, outline } = await page.evaluate(() => {
    const style = getComputedStyle(document.activeElement);
    return { tag: document.activeElement.tagName, outline: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 };
  });
  assert.notEqual(tag, "BODY", "the focus is lost");
  assert.ok(outline, `the focus on ${tag} is not seen`);
}

const isSomewhere = async (page) => assert.notEqual(await page.evaluate(() => document.activeElement.tagName), "BODY", "the focus is lost");

test("the whole first visit goes without a pointer", async () => {
  await visit(browser, DEMO, async (page) => {
    await tabTo(page, "Seaside Realty");
    await page.keyboard.press("Enter");
    await until(page, () => document.querySelector("h1")?.innerText === "Seaside Realty");
    await settled(page);
    await isSomewhere(page);
    await page.keyboard.press("/");
    assert.equal(await page.evaluate(() => document.activeElement.id), "search");
    await page.keyboard.type("12 maple");
    await until(page, () => document.querySelector("#search-list [role=option]"));
    const active = await page.evaluate(() => document.getElementById(document.querySelector("#search").getAttribute("aria-activedescendant"))?.textContent);
    assert.match(active, /^12 Maple Street/);
    await page.keyboard.press("Enter");
    await until(page, () => document.querySelectorAll(".panel .card").length === 4);
    await settled(page);
    assert.deepEqual(await texts(page, ".panel .card h3"), ["Interested Buyer 9", "Viewing 3", "Listing Agent 2", "Owner 1"]);
    await isSomewhere(page);
    await onThePicture(page);
    await inTheList(page);
  });
});

/** Takes the last step back: to the picture of 16 records. */
async function undo(page) {
  await page.keyboard.down("Control");
  await page.keyboard.press("z");
  await page.keyboard.up("Control");
  await until(page, () => document.querySelector(".bar").innerText.startsWith("16 of "));
  await settled(page);
}

/** Arrows select, Enter opens, the menu removes, Ctrl+Z brings back. */
async function onThePicture(page) {
  await page.evaluate(() => document.querySelector("#view").focus());
  await tabTo(page, "16 of 87 records");
  const selected = () => page.evaluate(() => new URLSearchParams(location.hash.split("?")[1]).get("sel"));
  const before = await selected();
  for (const key of ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"]) {
    await page.keyboard.press(key);
    if (await selected() !== before) break;
  }
  assert.notEqual(await selected(), before);
  await ready(page);
  await page.keyboard.press("Enter");
  await until(page, () => !document.querySelector(".bar").innerText.startsWith("16 of "));
  await settled(page);
  await isSomewhere(page);
  await undo(page);
  // The selection went with the step; the nearest is selected again.
  if (!await selected()) await page.keyboard.press("ArrowRight");
  await ready(page);
  await page.keyboard.down("Shift");
  await page.keyboard.press("F10");
  await page.keyboard.up("Shift");
  await page.waitForSelector(".menu");
  assert.equal(await page.evaluate(() => document.activeElement.innerText), "Expand");
  await page.keyboard.press("Escape");
  assert.equal(await page.$(".menu"), null);
  assert.equal(await page.evaluate(() => document.activeElement.tagName), "CANVAS");
  await page.keyboard.press("h");
  await until(page, () => document.querySelector(".bar").innerText.startsWith("15 of "));
  await isSomewhere(page);
  await undo(page);
}

/** Arrows go through the list and unfold it. */
async function inTheList(page) {
  await page.keyboard.press("l");
  await until(page, () => document.querySelector(".list").offsetParent !== null);
  await isSomewhere(page);
  await tabTo(page, "Links of");
  await page.keyboard.press("Tab");
  const entry = () => page.evaluate(() => document.activeElement.dataset.id);
  const first = await entry();
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await entry(), first);
  await focusIsSeen(page);
  const isOpen = () => page.evaluate(() => document.activeElement.parentElement.querySelector(".fold").getAttribute("aria-expanded"));
  const folded = await isOpen();
  await page.keyboard.press(folded === "true" ? "ArrowLeft" : "ArrowRight");
  assert.notEqual(await isOpen(), folded);
}

test("several are selected on the picture and in the list, and what joins two is found", async () => {
  await visit(browser, new URL("explore/", DEMO).href + `#/seaside-realty/graph?s=around:${HOUSE}&sel=${HOUSE}`, async (page) => {
    await settled(page);
    const selected = () => page.evaluate(() => new URLSearchParams(location.hash.split("?")[1]).getAll("sel"));
    await page.evaluate(() => document.querySelector(".stage canvas").focus());
    const first = await selected();
    for (const count of [2, 3]) {
      const before = await selected();
      for (const key of ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"]) {
        await withShift(page, key);
        if ((await selected()).length === count) break;
      }
      assert.deepEqual((await selected()).slice(0, -1), before);
    }
    assert.deepEqual((await selected())[0], first[0]);
    // Without it, the next is the only one.
    for (const key of ["ArrowRight", "ArrowLeft", "ArrowDown", "ArrowUp"]) await page.keyboard.press(key);
    assert.equal((await selected()).length, 1);
    await page.keyboard.press("l");
    await until(page, () => document.activeElement.matches(".list .entry"));
    await page.keyboard.press(" ");
    await page.keyboard.press("ArrowDown");
    await withShift(page, " ");
    await settled(page);
    const both = await selected();
    assert.equal(both.length, 2);
    await isSomewhere(page);
    await page.keyboard.press("p");
    await until(page, () => Boolean(document.querySelector("ol.ways li")));
    const { searchParams } = new URL(page.url().replace("#", ""));
    assert.deepEqual([searchParams.get("from"), searchParams.get("to"), searchParams.get("all")], [...both, "1"]);
  });
});

async function withShift(page, key) {
  await page.keyboard.down("Shift");
  await page.keyboard.press(key);
  await page.keyboard.up("Shift");
  await ready(page);
}

test("Enter that comes before the results chooses the best of them", async () => {
  await visit(browser, new URL("explore/#/seaside-realty", DEMO).href, async (page) => {
    await settled(page);
    for (const [typed, found] of [["12 Maple Street", "12 Maple Street"], ["Maya P", "Maya Patel"]]) {
      await page.focus("#search");
      await page.keyboard.type(typed);
      await page.keyboard.press("Enter");
      await until(page, (name) => document.querySelector(".panel h2")?.innerText === name, found);
      await settled(page);
      assert.equal(await page.$eval("#search", (field) => field.value), "");
    }
    // Results of another text are not meant.
    await page.focus("#search");
    await page.keyboard.type("Amara");
    await until(page, () => document.querySelector("#search-list [role=option]")?.textContent.startsWith("Amara"));
    await page.$eval("#search", (field) => field.select());
    await page.keyboard.type("Noah F");
    await page.keyboard.press("Enter");
    await until(page, () => ["Amara Okafor", "Noah Fischer"].includes(document.querySelector(".panel h2")?.innerText));
    assert.deepEqual(await texts(page, ".panel h2"), ["Noah Fischer"]);
  });
});

test("dialogs take the focus and give it back, and single keys can be switched off", async () => {
  await visit(browser, new URL("explore/#/seaside-realty", DEMO).href, async (page) => {
    await settled(page);
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open]");
    assert.equal(await page.evaluate(() => document.querySelector("dialog").contains(document.activeElement)), true);
    await page.keyboard.press("Escape");
    // The browser closes it, and tells the page so in a task of its own.
    await until(page, () => !document.querySelector("dialog"));
    await isSomewhere(page);
    await page.keyboard.press("?");
    await page.waitForSelector("dialog[open]");
    await page.click("dialog input[type=checkbox]");
    await page.keyboard.press("Escape");
    await until(page, () => !document.querySelector("dialog"));
    await page.keyboard.press("/");
    assert.notEqual(await page.evaluate(() => document.activeElement.id), "search");
    await page.keyboard.press("?");
    assert.equal(await page.$("dialog"), null);
  });
});

test("the first stop leads past the header", async () => {
  await visit(browser, new URL("explore/#/seaside-realty", DEMO).href, async (page) => {
    await settled(page);
    await page.evaluate(() => { document.activeElement.blur(); });
    await page.evaluate(() => document.querySelector(".skip").focus());
    assert.equal(await page.evaluate(() => document.querySelector(".skip").getBoundingClientRect().top >= 0), true);
    await page.keyboard.press("Enter");
    await until(page, () => document.activeElement.id === "view");
    await settled(page);
    // It is no address of the page's own.
    assert.deepEqual(await texts(page, "h1"), ["Seaside Realty"]);
  });
});

// The focus stayed in the field: arrow keys moved its cursor, and letters were typed into it.
test("who chose a result is on the picture, and Escape leaves the search", async () => {
  await visit(browser, new URL("explore/#/seaside-realty", DEMO).href, async (page) => {
    await settled(page);
    const focused = () => page.evaluate(() => document.activeElement.tagName + document.activeElement.className);
    for (const name of ["12 Maple Street", "Noah Fischer"]) {
      await page.keyboard.press("/");
      await page.keyboard.type(name);
      await until(page, (wanted) => document.querySelector("#search-list [role=option]")?.textContent.startsWith(wanted), name);
      await page.keyboard.press("Enter");
      await until(page, () => document.activeElement.tagName === "CANVAS");
      await settled(page);
      await page.keyboard.press("/");
      await page.keyboard.type("Am");
      await until(page, () => document.querySelector("#search-list [role=option]"));
      await page.keyboard.press("Escape");
      assert.equal(await focused(), "CANVAS");
      assert.equal(await page.$eval("#search-list", (list) => list.hidden), true);
      await page.$eval("#search", (field) => { field.value = ""; });
    }
    await page.keyboard.press("l");
    await until(page, () => document.activeElement.matches(".list .entry"));
    await page.keyboard.press("/");
    await page.keyboard.type("Amara");
    await until(page, () => document.querySelector("#search-list [role=option]"));
    await page.keyboard.press("Enter");
    await until(page, () => document.activeElement.matches(".list .entry"));
  });
});

test("who leaves the search and comes back at once still finds", async () => {
  await visit(browser, new URL("explore/#/seaside-realty", DEMO).href, async (page) => {
    await settled(page);
    await page.focus("#search");
    await page.keyboard.type("Amara");
    await page.evaluate(() => {
      const field = document.getElementById("search");
      field.blur();
      field.focus();
    });
    await until(page, () => document.querySelector("#search-list [role=option]"));
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 300)));
    assert.ok(await page.$("#search-list [role=option]"), "the list stays open");
    const bar = await page.$eval("#search-list", (list) => list.getBoundingClientRect().toJSON());
    await page.mouse.click(bar.x + bar.width / 2, bar.bottom - 2);
    assert.ok(await page.$("#search-list [role=option]"), "a press beside the results leaves them open");
  });
});

test("who types a first name is offered the person first", async () => {
  await visit(browser, new URL("explore/#/seaside-realty", DEMO).href, async (page) => {
    await settled(page);
    for (const [typed, first] of [["maya", "Maya Patel"], ["amara", "Amara Okafor"], ["12 maple", "12 Maple Street"]]) {
      await page.$eval("#search", (field) => { field.value = ""; });
      await page.focus("#search");
      await page.keyboard.type(typed);
      await until(page, (wanted) => document.querySelector("#search-list [role=option]")?.textContent.toLowerCase().startsWith(wanted), typed);
      assert.equal(await page.$eval("#search-list [role=option] bdi", (one) => one.textContent), first);
    }
  });
});

test("Redo can be pressed where there is something to redo", async () => {
  await visit(browser, new URL(`explore/#/seaside-realty/graph?s=add:${HOUSE}&sel=${HOUSE}`, DEMO).href, async (page) => {
    await settled(page);
    const canRedo = () => page.evaluate(() => ![...document.querySelectorAll(".tools button")].find((one) => one.innerText === "Redo").disabled);
    assert.equal(await canRedo(), false);
    await page.focus(".stage canvas");
    await page.keyboard.press("e");
    await until(page, () => document.querySelector(".bar").innerText.startsWith("16 of "));
    assert.equal(await canRedo(), false);
    await page.keyboard.down("Control");
    await page.keyboard.press("z");
    await page.keyboard.up("Control");
    await until(page, () => document.querySelector(".bar").innerText.startsWith("1 of "));
    assert.equal(await canRedo(), true);
  });
});

test("the ring around a tab that has the focus is not cut off", async () => {
  await visit(browser, new URL("explore/#/seaside-realty", DEMO).href, async (page) => {
    await settled(page);
    await page.focus(".skip");
    await tabTo(page, "Overview");
    const inside = await page.evaluate(() => {
      const { outlineOffset, outlineWidth } = getComputedStyle(document.activeElement);
      return parseFloat(outlineOffset) + parseFloat(outlineWidth) <= 0;
    });
    assert.ok(inside);
  });
});
