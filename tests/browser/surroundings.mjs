/** Behind a proxy, below a prefix; without scripts; and while the server is away. */

import assert from "node:assert/strict";
import { createServer, request } from "node:http";
import test, { after, before } from "node:test";

import { launch, press, ready, search, settled, texts, until, visit } from "./browser.mjs";

const { DEMO } = process.env;

const PREFIX = "/crm/relata/";

let browser;
let proxy;
let isAway = false;

before(async () => {
  browser = await launch();
  proxy = createServer((asked, answer) => {
    if (isAway || !asked.url.startsWith(PREFIX)) return isAway ? asked.socket.destroy() : answer.writeHead(404).end("not of this server");
    const to = new URL(asked.url.slice(PREFIX.length - 1), DEMO);
    const passed = request(to, { method: asked.method, headers: asked.headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    });
    passed.on("error", () => answer.destroy());
    // A feed that nobody reads any more would hold its connection for ever.
    answer.on("close", () => passed.destroy());
    return asked.pipe(passed);
  });
  await new Promise((resolve) => proxy.listen(0, "127.0.0.1", resolve));
});
after(async () => {
  proxy.close();
  proxy.closeAllConnections();
  await browser.close();
});

const behind = (rest) => `http://127.0.0.1:${proxy.address().port}${PREFIX}${rest}`;

test("everything works below the prefix of a proxy", async () => {
  for (const start of ["", "explore"]) {
    const watched = await visit(browser, behind(start), async (page) => {
      assert.equal(new URL(page.url()).pathname, PREFIX + "explore/");
      await press(page, "Seaside Realty");
      await settled(page);
      await search(page, "12 Maple Street");
      assert.deepEqual(await texts(page, ".panel .card h3"), ["Interested Buyer 9", "Viewing 3", "Listing Agent 2", "Owner 1"]);
      await press(page, "Request", ".panel");
      for (const command of await texts(page, ".panel pre")) assert.ok(command.includes(behind("v1/")), command);
      const links = await page.$$eval("a[href]", (found) => found.map((one) => one.href));
      for (const url of links) assert.ok(url.startsWith(behind("")), url);
      await Promise.all([page.waitForNavigation(), page.click("header a[href$=docs]")]);
      assert.equal(new URL(page.url()).pathname, PREFIX + "docs");
      await page.goBack();
      await ready(page);
    });
    for (const url of watched.requests) assert.ok(!/^http/.test(url) || url.startsWith(behind("")), url);
  }
});

test("a server that is away for a while is asked again, and nothing is lost", async () => {
  await visit(browser, behind("explore/#/seaside-realty"), async (page) => {
    await settled(page);
    isAway = true;
    await page.evaluate(() => { location.hash = "#/seaside-realty/kind/contact"; });
    await until(page, () => document.documentElement.hasAttribute("data-offline"));
    assert.match((await texts(page, ".connection"))[0], /^No connection; trying again in \d+ s$/);
    isAway = false;
    await until(page, () => !document.documentElement.hasAttribute("data-offline"));
    await until(page, () => document.querySelectorAll("tbody tr").length > 10);
    await ready(page);
    assert.deepEqual(await texts(page, ".connection"), [""]);
  }, { expected: [/ERR_EMPTY_RESPONSE|ERR_CONNECTION|Failed to load/] });
});

test("without scripts the page says what there is instead", async () => {
  await visit(browser, DEMO, async (page) => {
    assert.deepEqual(await page.$$eval("h1", (found) => found.map((one) => one.textContent)), ["Relata"]);
    const said = await page.$eval("#view", (one) => one.textContent);
    assert.match(said, /This page needs JavaScript/);
    const docs = await page.$eval("#view a", (one) => one.href);
    assert.equal((await fetch(docs)).status, 200);
  }, { script: false });
});
