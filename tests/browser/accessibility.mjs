/** axe-core on every view: in both themes, on a narrow page, with dialogs and menus open. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after, before } from "node:test";

import { launch, press, require, settled, until, visit } from "./browser.mjs";

const { DEMO } = process.env;

const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const HOUSE = "custom_objects.property/6adf249e8ce18ef62a90b95f";

/** A house with which it shares people. */
const OTHER = "custom_objects.property/" + (await (await fetch(new URL("v1/locations/seaside-realty/search?q=9+Ferry+Walk", DEMO))).json()).results[0].record;

const at = (rest) => new URL("explore/#/" + rest, DEMO).href;

/** Opens something that only a person opens. */
const opened = {
  async help(page) {
    await press(page, "Help", "header");
    await page.waitForSelector("dialog[open]");
  },
  async menu(page) {
    await press(page, "More …", ".panel");
    await page.waitForSelector(".menu");
  },
  async export(page) {
    await press(page, "Export", ".tools");
    await page.waitForSelector("dialog[open]");
  },
  async results(page) {
    await page.type("#search", "maple");
    await page.waitForSelector("#search-list [role=option]");
  },
  async time(page) {
    await press(page, "Now", "header");
    await page.waitForSelector("#time-strip:not([hidden])");
  },
  history: (page) => press(page, "History", ".panel"),
  request: (page) => press(page, "Request", ".panel"),
};

const graph = `seaside-realty/graph?s=around:${HOUSE}`;

/** Addresses, and what is opened there. */
const VIEWS = [
  ["", []],
  ["seaside-realty", ["help", "results"]],
  ["seaside-realty/kind/contact", []],
  [`${graph}&sel=${HOUSE}`, ["menu", "export", "history", "request"]],
  [`${graph}&view=list`, []],
  [`${graph}&asOf=201`, []],
  ["seaside-realty/graph", []],
  [`seaside-realty/path?from=${HOUSE}&to=${OTHER}&all=1`, []],
  ["seaside-realty/changes", []],
  ["seaside-realty/diff?from=334&to=388", []],
  ["seaside-realty/violations", ["time"]],
  ["dead-letters", []],
];

let browser;
before(async () => { browser = await launch(); });
after(() => browser.close());

async function check(page, what) {
  await settled(page);
  const faults = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html, any }) => `${html.slice(0, 160)} ${any[0]?.message ?? ""}`).join("\n  ")}`);
  });
  assert.deepEqual(faults, [], what);
}

/** Returns what is wider than the room that it has and cannot be scrolled. */
const cutOff = (page) => page.$$eval("button, .button, h1, h2, h3, td, th, p, li, label, summary", (all) => all.filter((one) =>
  one.checkVisibility() && !one.closest(".unseen, .skip") && one.clientWidth > 0 && one.scrollWidth > one.clientWidth + 1).map((one) => one.outerHTML.slice(0, 120)));

async function views(options, all, engine = browser) {
  const shared = await engine.createBrowserContext();
  for (const [rest, more] of VIEWS) {
    await visit(engine, at(rest), async (page) => {
      await page.evaluate(AXE);
      await check(page, rest);
      const [wide, most] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(wide <= most, `${rest} is ${wide} pixels wide`);
      assert.deepEqual(await cutOff(page), [], `${rest}: texts that are cut off`);
      for (const name of all ? more : []) {
        await opened[name](page);
        await check(page, `${rest} with ${name}`);
        if (await page.$("dialog, .menu, #search-list:not([hidden])")) await page.keyboard.press("Escape");
        await until(page, () => !document.querySelector("dialog, .menu"));
      }
    }, { ...options, shared });
  }
  await shared.close();
}

for (const theme of ["light", "dark"]) {
  test(`axe finds nothing in the ${theme} theme`, () => views({ features: [["prefers-color-scheme", theme]] }, true));
}

test("axe finds nothing on a page of 320 pixels, which is nowhere wider than that", () => views({ size: [320, 640] }, false));

/** What a person sets in the browser: the size of texts alone, which is 16 pixels by default. */
test("axe finds nothing where texts are twice as large, and no text is cut off", async () => {
  const large = await launch("chromium", ["--blink-settings=defaultFontSize=32"]);
  try {
    await visit(large, at("seaside-realty"), async (page) => {
      await settled(page);
      const small = await page.$$eval("#view *, #header *, #views *", (all) => all.filter((one) => one.checkVisibility() && parseFloat(getComputedStyle(one).fontSize) < 20).map((one) => one.outerHTML.slice(0, 80)));
      assert.deepEqual(small, [], "texts that do not grow");
    });
    await views({}, false, large);
  } finally {
    await large.close();
  }
});

test("records and counts have names in the accessibility tree", async () => {
  await visit(browser, at(`${graph}&sel=${HOUSE}`), async (page) => {
    await settled(page);
    const tree = await page.accessibility.snapshot();
    const found = [];
    const visitNode = (node) => {
      found.push(`${node.role} ${node.name ?? ""}`);
      (node.children ?? []).forEach(visitNode);
    };
    visitNode(tree);
    for (const wanted of ["heading 12 Maple Street", "button Expand", "combobox Find a record", "tab Links", "heading Interested Buyer 9"]) {
      assert.ok(found.includes(wanted), `${wanted}\n${found.join("\n")}`);
    }
    assert.ok(found.some((one) => /^(image|img) 16 of 87 records/.test(one)), found.filter((one) => /^im/.test(one)).join());
  });
});
