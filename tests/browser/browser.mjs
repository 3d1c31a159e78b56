/** Browsers, and pages in them that are watched from their first request to their last. */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

export const require = createRequire(`${process.env.BROWSER_TOOLS}/package.json`);
const puppeteer = require("puppeteer-core");

const PATIENCE_MS = 20_000;

/** The same picture on every machine, and no other host. */
const CHROMIUM = [
  "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--font-render-hinting=none", "--disable-lcd-text",
  "--force-color-profile=srgb", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/** Returns where the first of these programs that there is stands. */
function program(...names) {
  const all = names.flatMap((name) => process.env.PATH.split(delimiter).map((folder) => join(folder, name)));
  return all.find(existsSync) ?? assert.fail(`there is no ${names.join(" and no ")}`);
}

/**
 * Starts a browser: `firefox`, or `chromium`, to which more can be said: the build of it that has
 * no windows, which takes half of the time, or the whole one as `chromium-with-windows`.
 */
export function launch(name = "chromium", more = []) {
  if (name === "firefox") return puppeteer.launch({ browser: "firefox", executablePath: program("firefox-esr", "firefox"), headless: true });
  const isWhole = name === "chromium-with-windows";
  const executablePath = program(isWhole ? "chromium" : "chromium-headless-shell");
  return puppeteer.launch({ executablePath, headless: isWhole ? true : "shell", pipe: true, args: [...CHROMIUM, ...more] });
}

/**
 * Opens an address in a context of its own, hands the page over when it is ready, and asserts
 * that all was quiet.
 * @param {string} address
 * @param {(page: any) => Promise<unknown>} use
 * @param {object} [options]
 * @param {[number, number]} [options.size]
 * @param {RegExp[]} [options.expected] messages of the console that belong to the test
 * @param {[string, string][]} [options.features] such as the colour scheme
 * @param {boolean} [options.script] whether scripts run
 * @param {(page: any) => Promise<unknown>} [options.opened] waits until the page is ready
 * @param {any} [options.shared] a context of several visits, where a new one for each takes long
 */
export async function visit(browser, address, use, { size = [1280, 800], expected = [], features = [], script = true, opened = ready, shared } = {}) {
  const context = shared ?? await browser.createBrowserContext();
  let page;
  try {
    page = await context.newPage();
    page.watched = watch(page, new URL(address).origin);
    await page.setViewport({ width: size[0], height: size[1] });
    if (features.length) await page.emulateMediaFeatures(features.map(([name, value]) => ({ name, value })));
    if (!script) await page.setJavaScriptEnabled(false);
    await page.evaluateOnNewDocument(remember);
    await page.goto(address);
    if (script) await opened(page);
    await use(page);
    if (script) await quiet(page, expected);
    return page.watched;
  } finally {
    await (shared ? page?.close() : context.close());
  }
}

/** Runs before the page: keeps violations of the policy, and files that are handed to the person. */
function remember() {
  window.violations = [];
  document.addEventListener("securitypolicyviolation", (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  const [blobs, make] = [new Map(), URL.createObjectURL];
  window.saved = [];
  URL.createObjectURL = (blob) => {
    const address = make.call(URL, blob);
    blobs.set(address, blob);
    return address;
  };
  HTMLAnchorElement.prototype.click = function click() {
    if (this.download) window.saved.push({ name: this.download, blob: blobs.get(this.href) });
    else HTMLElement.prototype.click.call(this);
  };
}

function watch(page, origin) {
  const watched = { origin, requests: [], messages: [] };
  page.on("request", (request) => watched.requests.push(request.url()));
  page.on("console", (message) => {
    if (["error", "warn", "warning", "assert"].includes(message.type())) watched.messages.push(message.text());
  });
  page.on("pageerror", (error) => watched.messages.push(String(error)));
  return watched;
}

/** Asserts that nothing went wrong unseen and that no other host was asked. */
async function quiet(page, expected) {
  const { requests, messages, origin } = page.watched;
  const foreign = requests.filter((url) => !/^(data|blob|about):/.test(url) && new URL(url).origin !== origin);
  assert.deepEqual(foreign, [], "requests to other hosts");
  assert.deepEqual(messages.filter((text) => !expected.some((one) => one.test(text))), [], "messages of the console");
  if (new URL(page.url()).origin !== origin) return;
  assert.deepEqual(await page.evaluate(() => window.violations), [], "violations of the policy");
  assert.equal(await page.evaluate(() => window.hit), undefined);
}

/** Waits until a function of the page returns something true, and returns that. */
export async function until(page, condition, ...given) {
  const start = Date.now();
  for (;;) {
    const result = await page.evaluate(condition, ...given);
    if (result) return result;
    if (Date.now() - start > PATIENCE_MS) {
      assert.fail(`never true: ${condition} ${JSON.stringify(given)}\n${await page.evaluate(() => document.body.innerText)}`);
    }
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 10)));
  }
}

/** Waits until every request of the page is answered. */
export const ready = (page) => until(page, () => document.documentElement.dataset.state === "ready");

/** Waits until the page is ready and nothing in the picture moves. */
export async function settled(page) {
  await ready(page);
  await until(page, () => document.documentElement.dataset.state === "ready"
    && [...document.querySelectorAll(".stage")].every((stage) => stage.dataset.settled === "true"));
}

/** Waits until changes are shown as they come: the feed is the last request of a page. */
export const isLive = (page) => until(page, () => document.querySelector("header .live")?.innerText.includes("Live"));

/** Returns the texts of elements. */
export const texts = (page, selector) =>
  page.$$eval(selector, (found) => found.map((one) => one.innerText.replace(/\s+/g, " ").trim()));

/** Draws the picture anew, and returns the texts on it. */
export async function written(page, within = ".tools") {
  await page.evaluate(() => {
    if (window.written) return;
    window.written = new Map();
    const { clearRect, fillText } = CanvasRenderingContext2D.prototype;
    Object.assign(CanvasRenderingContext2D.prototype, {
      clearRect(...box) {
        window.written.set(this.canvas, []);
        clearRect.apply(this, box);
      },
      fillText(text, ...place) {
        window.written.get(this.canvas)?.push(text);
        fillText.call(this, text, ...place);
      },
    });
  });
  await press(page, "Fit", within);
  await settled(page);
  await until(page, () => window.written.has(document.querySelector(".stage canvas")));
  return page.evaluate(() => window.written.get(document.querySelector(".stage canvas")));
}

/** Clicks what is called so: a button, link, tab or entry of a menu in a part of the page. */
export async function press(page, name, within = "body") {
  const handle = await page.evaluateHandle((wanted, part) => {
    const said = (one) => (one.getAttribute("aria-label") ?? one.innerText).replace(/\s+/g, " ").trim();
    const all = [...document.querySelectorAll(`:is(${part}) :is(button, a, summary, [role=option])`)];
    return all.find((one) => said(one) === wanted && one.getClientRects().length > 0)
      ?? all.find((one) => said(one).startsWith(wanted) && one.getClientRects().length > 0);
  }, name, within);
  const element = handle.asElement();
  assert.ok(element, `there is no “${name}” in ${within}:\n${await page.evaluate(() => document.body.innerText)}`);
  await element.click();
  await ready(page);
}

/** Finds a record by what is typed, and chooses the first. */
export async function search(page, text, field = "#search") {
  await settled(page);
  await page.click(field);
  await page.type(field, text);
  await until(page, (list) => document.querySelector(list + " [role=option]") && document.documentElement.dataset.state === "ready", field + "-list");
  await page.keyboard.press("Enter");
  // The panel of the record is filled last.
  await until(page, () => Boolean(document.querySelector(".panel [role=tablist] + div")?.firstChild));
  await settled(page);
}

/** Posts events to a server. */
export async function post(address, events) {
  const answer = await fetch(new URL("v1/import", address), {
    method: "POST", headers: { "content-type": "application/x-ndjson" }, body: events.map((event) => JSON.stringify(event)).join("\n"),
  });
  assert.equal(answer.status, 200, await answer.text());
}

/** Waits for a file that the page hands to the person, and returns its name and bytes. */
export async function saved(page, action) {
  const before = await page.evaluate(() => window.saved.length);
  await action();
  await until(page, (count) => window.saved.length > count, before);
  const [name, bytes] = await page.evaluate(async () => {
    const { name, blob } = window.saved.at(-1);
    return [name, [...new Uint8Array(await blob.arrayBuffer())]];
  });
  return { name, bytes: Buffer.from(bytes), text: Buffer.from(bytes).toString("utf8") };
}

/** Returns what the picture holds, as its export says: sorted nodes, groups and links. */
export async function picture(page) {
  // Nothing is no file.
  if (await page.$eval(".hint", (one) => !one.hidden)) return { nodes: [], groups: [], links: [] };
  await press(page, "Export", ".tools");
  const { text } = await saved(page, () => press(page, "JSON of nodes and links", "dialog"));
  await press(page, "Close", "dialog");
  const { nodes, links } = JSON.parse(text);
  return {
    nodes: nodes.filter((node) => !node.group).map(({ id }) => id).sort(),
    groups: nodes.filter((node) => node.group).map(({ id, count }) => `${id} ${count}`).sort(),
    links: links.map(({ source, target, firstLabel, secondLabel }) => ({ source, target, firstLabel, secondLabel }))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  };
}

/** Tells a figure past the runner of the tests. */
export const measured = (text) => console.log(`measured: ${text}`);

/** Returns how many milliseconds of the processor a browser and all its processes have taken. */
export function processorTime(browser) {
  const stats = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((name) => {
    try {
      const text = readFileSync(`/proc/${name}/stat`, "utf8");
      const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
      return [{ process: Number(name), parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) }];
    } catch {
      return [];
    }
  });
  const mine = new Set([browser.process().pid]);
  for (let size = 0; size < mine.size;) {
    size = mine.size;
    for (const { process, parent } of stats) if (mine.has(parent)) mine.add(process);
  }
  return stats.filter(({ process }) => mine.has(process)).reduce((sum, { ticks }) => sum + ticks, 0) * 10;
}
