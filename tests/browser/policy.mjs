/** What the page may not do, in two browsers, and who may not show it. */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { createServer } from "node:http";
import test from "node:test";

import { launch, press, settled, until, visit } from "./browser.mjs";

const { DEMO } = process.env;

for (const engine of ["chromium", "firefox"]) {
  test(`the policy stops markup, code and other hosts in ${engine}`, async () => {
    const browser = await launch(engine);
    try {
      await visit(browser, new URL("explore/", DEMO).href, forbidden, { expected: [/Content.Security.Policy|TrustedHTML|TrustedScript|Refused|blocked|violates/i] });
      await framed(browser);
      await leadsNowhere(browser);
    } finally {
      await browser.close();
    }
  });
}

/** Tries each, and wants a violation of each. */
async function forbidden(page) {
  const refused = await page.evaluate(async () => {
    const tries = {
      innerHTML: () => { document.createElement("p").innerHTML = "<b>x</b>"; },
      eval: () => (0, eval)("1"),
      Function: () => new Function("return 1")(),
      Worker: () => new Worker("main.mjs"),
      fetch: () => fetch("http://127.0.0.2:1/"),
      style: () => {
        const style = document.createElement("style");
        style.textContent = "body { color: rgb(1, 2, 3) }";
        document.head.append(style);
        if (getComputedStyle(document.body).color !== "rgb(1, 2, 3)") throw new Error("no effect");
      },
      attribute: () => {
        document.body.setAttribute("style", "color: rgb(1, 2, 3)");
        if (getComputedStyle(document.body).color !== "rgb(1, 2, 3)") throw new Error("no effect");
      },
      script: () => {
        const script = document.createElement("script");
        script.textContent = "window.ran = 1";
        document.head.append(script);
        if (window.ran !== 1) throw new Error("no effect");
      },
    };
    const found = {};
    for (const [name, attempt] of Object.entries(tries)) {
      // A task of the page's own: what the debugger runs may do more.
      await new Promise((resolve) => setTimeout(resolve));
      found[name] = await Promise.resolve().then(attempt).then(() => "done", () => "refused");
    }
    return found;
  });
  assert.deepEqual(refused, Object.fromEntries(Object.keys(refused).map((name) => [name, "refused"])));
  await until(page, () => window.violations.length > 0);
  // The page asserts at its end that there were none: these were wanted.
  await page.evaluate(() => { window.violations = []; });
}

/** A page of another origin that frames this one shows nothing of it. */
async function framed(browser) {
  const server = createServer((_, answer) => answer.writeHead(200, { "content-type": "text/html" }).end(`<iframe src="${DEMO}explore/"></iframe>`));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    const inner = page.frames().find((frame) => frame !== page.mainFrame());
    const text = await inner?.evaluate(() => document.documentElement.dataset.state ?? document.querySelector("#header")?.id).catch(() => undefined);
    assert.ok(text === undefined || text === null, `the frame shows the page: ${text}`);
  } finally {
    await context.close();
    server.close();
  }
}

/** Every view asks this server alone, and no module is missing from what it loads. */
async function leadsNowhere(browser) {
  const watched = await visit(browser, new URL("explore/#/seaside-realty", DEMO).href, async (page) => {
    await settled(page);
    await press(page, "Help", "header");
    await press(page, "Close", "dialog");
    await press(page, "Picture", "nav");
    await settled(page);
  });
  const files = readdirSync(new URL("../../src/http/explorer/page/", import.meta.url)).filter((name) => name.endsWith(".mjs"));
  const asked = new Set(watched.requests.map((url) => new URL(url).pathname));
  assert.deepEqual(files.filter((name) => !asked.has(`/explore/${name}`)), []);
}
