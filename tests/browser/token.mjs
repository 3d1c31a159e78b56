/** Tokens: asked for where one is needed alone, told to nobody, and what each may do. */

import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";

import { launch, press, ready, search, settled, texts, until, visit } from "./browser.mjs";

const { DEMO, GUARDED, READ, SEASIDE, WRITE } = process.env;

const EXPECTED = [/401/];

/** Types a token and sends it. */
async function give(page, token) {
  await page.waitForSelector("dialog[open] #token");
  await page.type("#token", token);
  await page.keyboard.press("Enter");
}

/** Waits until the sign of the live feed says this. */
const isSaid = (page, sign) => until(page, (wanted) => document.querySelector("header .live")?.innerText.trim() === wanted, sign);

/** A token is in no address, storage, cookie, text or attribute of the page. */
async function toldToNobody(page, token) {
  const found = await page.evaluate(() => ({
    address: location.href, history: JSON.stringify(history.state), storage: JSON.stringify([{ ...sessionStorage }, { ...localStorage }]),
    cookie: document.cookie, name: window.name, text: document.documentElement.outerHTML,
  }));
  for (const [where, text] of Object.entries(found)) assert.ok(!text.includes(token), `the token is in the ${where}`);
  for (const url of page.watched.requests) assert.ok(!url.includes(token), url);
}

for (const engine of ["chromium", "firefox"]) describe(engine, () => {
  let browser;
  before(async () => { browser = await launch(engine); });
  after(() => browser.close());

  test(`nothing is asked where no token is needed, in ${engine}`, async () => {
    await visit(browser, DEMO, async (page) => {
      assert.equal(await page.$("dialog"), null);
      assert.ok(!(await texts(page, "header button")).includes("Token"));
    });
  });

  test(`a wrong token is refused and a right one opens the page, in ${engine}`, async () => {
    await visit(browser, GUARDED, async (page) => {
      assert.deepEqual(await texts(page, "dialog h2"), ["This server asks for a token"]);
      assert.equal(await page.evaluate(() => document.activeElement.id), "token");
      await give(page, "wrong-token");
      await until(page, () => document.querySelector("#token")?.getAttribute("aria-invalid") === "true");
      assert.ok((await texts(page, "#token-fault"))[0].length > 0);
      assert.equal(await page.evaluate(() => document.activeElement.id), "token");
      await give(page, READ);
      await until(page, () => !document.querySelector("dialog") && document.querySelector("h1")?.innerText === "Locations");
      await ready(page);
      assert.equal((await texts(page, "tbody tr")).length, 2);
      await press(page, "Seaside Realty");
      await search(page, "12 Maple Street");
      await press(page, "Request", ".panel");
      assert.ok((await texts(page, ".panel pre")).every((text) => text.includes('"Authorization: Bearer $TOKEN"')));
      await toldToNobody(page, READ);
      await press(page, "Token", "header");
      assert.match((await texts(page, "dialog p"))[0], /^The present one may read\.$/);
      await press(page, "Forget the token", "dialog");
      await until(page, () => document.querySelector("dialog h2")?.innerText === "This server asks for a token");
      await toldToNobody(page, READ);
    }, { expected: EXPECTED });
  });
});

describe("what a token may do", () => {
  let browser;
  before(async () => { browser = await launch(); });
  after(() => browser.close());

  test("a token of one location sees that one alone", async () => {
    await visit(browser, GUARDED, async (page) => {
      await give(page, SEASIDE);
      await until(page, () => document.querySelector("h1")?.innerText === "Seaside Realty");
      await ready(page);
      assert.ok(!(await page.evaluate(() => document.body.innerText)).includes("Hillside"));
      await press(page, "Token", "header");
      assert.match((await texts(page, "dialog p"))[0], /^The present one may read in seaside-realty\.$/);
      await press(page, "Close", "dialog");
      await page.evaluate(() => { location.hash = "#/hillside-homes"; });
      await until(page, () => document.querySelector("#view").innerText.includes("the token is not valid for this location"));
      assert.deepEqual(await texts(page, "h1"), ["Not allowed"]);
    }, { expected: [...EXPECTED, /403/] });
  });

  test("the scope of a token is told", async () => {
    await visit(browser, GUARDED, async (page) => {
      await give(page, WRITE);
      await until(page, () => document.querySelector("h1")?.innerText === "Locations");
      await press(page, "Token", "header");
      assert.match((await texts(page, "dialog p"))[0], /^The present one may write\.$/);
    }, { expected: EXPECTED });
  });

  test("changes come again with a token that is given later", async () => {
    await visit(browser, GUARDED, async (page) => {
      await give(page, READ);
      await until(page, () => document.querySelector("h1")?.innerText === "Locations");
      let isRefused = true;
      await page.setRequestInterception(true);
      page.on("request", (request) => {
        if (isRefused && /\/changes$/.test(new URL(request.url()).pathname)) request.respond({ status: 401, contentType: "application/json", body: "{}" });
        else request.continue();
      });
      await press(page, "Seaside Realty");
      await page.waitForSelector("dialog[open] #token");
      await page.keyboard.press("Escape");
      await isSaid(page, "Not live");
      isRefused = false;
      await press(page, "Token", "header");
      await give(page, READ);
      await isSaid(page, "Live");
    }, { expected: EXPECTED });
  });

  test("without its token the page shows and follows nothing more", async () => {
    await visit(browser, new URL("explore/#/seaside-realty", GUARDED).href, async (page) => {
      await give(page, READ);
      await isSaid(page, "Live");
      await settled(page);
      await press(page, "Token", "header");
      await press(page, "Forget the token", "dialog");
      await until(page, () => document.querySelector("dialog h2")?.innerText === "This server asks for a token");
      assert.equal(await page.$eval("#view", (view) => view.innerText.trim()), "");
      assert.equal(await page.$eval("header .live", (sign) => sign.hidden), true);
      await give(page, READ);
      await isSaid(page, "Live");
      await until(page, () => document.querySelector("h1")?.innerText === "Seaside Realty");
    }, { expected: EXPECTED });
  });

  test("a token is kept in the tab on request alone, and only there", async () => {
    await visit(browser, GUARDED, async (page) => {
      await page.waitForSelector("dialog[open] #token");
      await page.click("dialog input[type=checkbox]");
      await page.type("#token", READ);
      await page.keyboard.press("Enter");
      await until(page, () => document.querySelector("h1")?.innerText === "Locations");
      assert.equal(await page.evaluate(() => JSON.stringify({ ...localStorage }) + document.cookie), "{}");
      await page.reload();
      await until(page, () => document.querySelector("h1")?.innerText === "Locations");
      await settled(page);
      assert.equal(await page.$("dialog"), null);
      for (const url of page.watched.requests) assert.ok(!url.includes(READ), url);
      await press(page, "Token", "header");
      await press(page, "Forget the token", "dialog");
      await until(page, () => document.querySelector("dialog h2")?.innerText === "This server asks for a token");
      assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    }, { expected: EXPECTED });
  });
});
