/** On a phone: what a view is about is seen without scrolling sideways, and everything is within reach. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";

import { isLive, launch, press, ready, settled, texts, until, visit } from "./browser.mjs";

const { DEMO } = process.env;

const HOUSE = "custom_objects.property/6adf249e8ce18ef62a90b95f";

const PHONE = { width: 390, height: 800, hasTouch: true, isMobile: true };

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

/** Opens a view as a phone does. */
const onPhone = (route, use) => visit(browser, new URL("explore/#" + route, DEMO).href, async (page) => {
  await page.setViewport(PHONE);
  await page.reload();
  await settled(page);
  await use(page);
}, { size: [390, 800] });

/** Views with a table, and the columns that it is about. @type {[string, string[]][]} */
const TABLES = [
  ["/", ["Name", "Records"]],
  ["/seaside-realty", ["First", "Second", "Relations", "Violations"]],
  ["/seaside-realty/kind/contact", ["Name", "Links"]],
  ["/seaside-realty/changes", ["When", "What", "Records"]],
  ["/seaside-realty/diff?from=2026-11-15T00:00:00Z&to=2026-11-21T00:00:00Z", ["Change", "First", "Second", "Made on"]],
  ["/seaside-realty/violations", ["Record", "Too many", "Has"]],
];

/** Words that are broken in the middle; ids are none. */
const broken = (page) => page.evaluate(() => {
  const found = [];
  const walker = document.createTreeWalker(document.getElementById("view"), NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.parentElement.checkVisibility() || node.parentElement.closest("pre, .unseen")) continue;
    for (const { 0: word, index } of node.data.matchAll(/(?<!\S)[A-Za-z]{2,16}(?![^\s,.:·])/g)) {
      const range = document.createRange();
      range.setStart(node, index);
      range.setEnd(node, index + word.length);
      const tops = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      if (tops.size > 1) found.push(word);
    }
  }
  return found;
});

for (const [route, columns] of TABLES) {
  test(`no word is broken, and main columns are in sight: ${route}`, () => onPhone(route, async (page) => {
    if (route.endsWith("changes")) await isLive(page);
    await until(page, () => document.querySelector("tbody tr"));
    assert.deepEqual(await broken(page), []);
    const seen = await page.$$eval("th", (heads) => heads.filter((one) => one.checkVisibility())
      .filter((one) => one.getBoundingClientRect().right <= innerWidth).map((one) => one.innerText.trim()));
    for (const column of columns) assert.ok(seen.includes(column), `${column} is not among ${seen}`);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  }));
}

test("the present tab is in sight, whatever led there", async () => {
  for (const [view, tab] of [["path", "Paths"], ["diff", "Compare dates"], ["violations", "Violations"]]) {
    await onPhone(`/seaside-realty/${view}`, async (page) => {
      const [left, right, text] = await page.$eval("#views [aria-current]", (one) => {
        const box = one.getBoundingClientRect();
        return [box.left, box.right, one.innerText];
      });
      assert.ok(text === tab && left >= 0 && right <= PHONE.width, `${text}: ${left} to ${right}`);
    });
  }
});

test("every button of the header and of the picture is in sight, now and in the past", async () => {
  for (const moment of ["", "&asOf=2026-11-14T08:52:50Z"]) {
    await onPhone(`/seaside-realty/graph?s=around:${HOUSE}${moment}`, async (page) => {
      const outside = await page.$$eval(":is(#header, .tools) :is(button, select, input, a)", (found) => found.filter((one) => one.checkVisibility())
        .filter((one) => {
          const { left, right, width } = one.getBoundingClientRect();
          return left < 0 || right > innerWidth || width < 24;
        }).map((one) => one.innerText));
      assert.deepEqual(outside, []);
      assert.ok(await page.$eval("#header", (header) => header.offsetHeight) < 100);
      assert.ok((await texts(page, "#header button")).includes("Copy link"));
      // There is no such key to press.
      assert.doesNotMatch(await page.$eval("#search", (field) => field.placeholder), /press/);
    });
  }
});

test("a dialog shows its title first", () => onPhone("/seaside-realty", async (page) => {
  await page.setViewport({ ...PHONE, height: 400 });
  await ready(page);
  await press(page, "Help", "#header");
  const [top, scrolled] = await page.$eval("dialog", (dialog) => [dialog.querySelector("h2").getBoundingClientRect().top, dialog.scrollTop]);
  assert.ok(top >= 0 && scrolled === 0, `${top} ${scrolled}`);
}));
