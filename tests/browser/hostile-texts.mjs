/** Texts that others choose: whatever they are, the page shows them and does nothing that they say. */

import assert from "node:assert/strict";
import test from "node:test";

import { launch, picture, post, press, saved, settled, texts, until, visit } from "./browser.mjs";

const { EMPTY } = process.env;

const HOSTILE = [
  "<img src=x onerror=\"window.hit=1\">", "\"><script>window.hit=1</script>", "javascript:window.hit=1", "</title></text></svg><script>window.hit=1</script>",
  "\u202egnp.exe", "emoji 🏡👩‍👩‍👧 é", "a:b?c#d&e=f%2F+%", "{{constructor.constructor('window.hit=1')()}}", "__proto__", "constructor", "]]>--><!--",
];

/** Of a location, with a percent sign, a blank, a slash and a quote. */
const LOCATION = "L/1 é%\"<b>";

const KIND = "custom_objects.<i>%&\"'";

/** Names are kept without what turns the direction of writing. */
const cleaned = (text) => text.replace(/\u202e/g, "");

const record = (at) => `${at}${HOSTILE[at]}/x`;

/** One record that everything is linked to, each text as name, id, label, key and kind. */
function events() {
  const made = [
    { type: "LocationCreate", id: LOCATION, name: HOSTILE[0] },
    { type: "ObjectSchemaCreate", id: "schema", locationId: LOCATION, key: KIND, labels: { singular: HOSTILE[1], plural: HOSTILE[1] }, primaryDisplayProperty: `${KIND}.title` },
    { type: "RecordCreate", id: "hub", locationId: LOCATION, objectKey: KIND, properties: [{ key: "title", valueString: HOSTILE[0] }] },
    { type: "RecordCreate", id: "long", locationId: LOCATION, objectKey: KIND, properties: [{ key: "title", valueString: "<i>".repeat(4_000) }] },
    { type: "RecordCreate", id: "half", locationId: LOCATION, objectKey: KIND, properties: [{ key: "title", valueString: "lone \ud800 half" }] },
  ];
  for (const [at, text] of HOSTILE.entries()) {
    made.push(
      { type: "AssociationCreate", id: `a${text}`, key: `k${text}`, locationId: LOCATION, firstObjectKey: KIND, firstObjectLabel: `first ${text}`, secondObjectKey: "contact", secondObjectLabel: `second ${text}` },
      { type: "ContactCreate", id: record(at), locationId: LOCATION, name: text },
      { type: "RelationCreate", id: `r${text}`, associationId: `a${text}`, locationId: LOCATION, firstObjectKey: KIND, firstRecordId: "hub", secondObjectKey: "contact", secondRecordId: record(at) },
    );
  }
  return made.map((event) => ({ timestamp: "2026-11-01T00:00:00Z", ...event }));
}

await post(EMPTY, events());

const at = (rest) => new URL("explore/#/" + encodeURIComponent(LOCATION) + rest, EMPTY).href;

for (const engine of ["chromium", "firefox"]) {
  test(`hostile texts are shown in ${engine} and do nothing`, async () => {
    const browser = await launch(engine);
    try {
      await visit(browser, at(""), overview);
      await visit(browser, at("/kind/" + encodeURIComponent(KIND)), kind);
      await visit(browser, at("/graph?s=around:" + encodeURIComponent(KIND) + "/hub&sel=" + encodeURIComponent(KIND) + "/hub"), (page) => graph(page, browser, engine), { size: [1500, 900] });
      for (const rest of ["/changes", "/violations", "/diff?from=1", "/path?from=" + encodeURIComponent(KIND) + "/hub&to=contact/" + encodeURIComponent(record(0))]) {
        await visit(browser, at(rest), async (page) => {
          await settled(page);
          await onlyOwnElements(page);
        });
      }
      await visit(browser, new URL("explore/#/<img src=x onerror=window.hit=1>/graph?s=add:<b>&s=%&<script>=%E0&sel=\"><script>window.hit=1</script>", EMPTY).href, async (page) => {
        assert.ok((await texts(page, "#notices .notice")).length > 0);
      }, { expected: [/404/] });
    } finally {
      await browser.close();
    }
  });
}

/** No text became an element: these are all that the page makes. */
async function onlyOwnElements(page) {
  const strange = await page.evaluate(() => [...document.querySelectorAll("body :is(img, script, iframe, object, embed, svg, i, style, link, base, meta)")].map((one) => one.outerHTML));
  assert.deepEqual(strange, []);
  assert.deepEqual(await page.$$eval("*", (all) => all.flatMap((one) => [...one.attributes].filter(({ name, value }) => name.startsWith("on") || /^\s*javascript:/i.test(value) && name !== "data-id").map(({ name }) => name))), []);
}

async function overview(page) {
  await settled(page);
  assert.equal(await page.title(), `${HOSTILE[0]} · Relata`);
  assert.deepEqual(await page.$$eval("h1", (found) => found.map((one) => one.textContent)), [HOSTILE[0]]);
  const cells = await page.$$eval("tbody td bdi", (found) => found.map((one) => one.textContent));
  for (const text of HOSTILE) for (const side of ["first", "second"]) assert.ok(cells.includes(`${side} ${text}`), `${side} ${text}`);
  await onlyOwnElements(page);
}

async function kind(page) {
  assert.ok((await page.$eval("h1", (one) => one.textContent)).startsWith(HOSTILE[1]));
  const names = await page.$$eval("tbody tr td:first-child bdi", (found) => found.map((one) => one.textContent));
  assert.ok(names.includes(HOSTILE[0]), names.join());
  await onlyOwnElements(page);
  // The link of a row leads to the record, whatever its kind is called.
  await page.evaluate((name) => [...document.querySelectorAll("tbody a")].find((one) => one.textContent === name).click(), HOSTILE[0]);
  await settled(page);
  assert.equal(await page.$eval(".panel h2", (one) => one.textContent), HOSTILE[0]);
}

async function graph(page, browser, engine) {
  await settled(page);
  await onlyOwnElements(page);
  assert.match((await texts(page, ".bar"))[0], new RegExp(`^${HOSTILE.length + 1} of `));
  const listed = await page.$$eval(".list .entry[data-id] bdi", (found) => found.map((one) => one.textContent));
  const cards = await page.$$eval(".panel .card h3 bdi", (found) => found.map((one) => one.textContent));
  for (const text of HOSTILE) {
    assert.ok(listed.includes(cleaned(text)), `the list: ${text}`);
    assert.ok(cards.includes(`second ${text}`), `the panel: ${text}`);
  }
  // Whose direction of writing ends with the text.
  assert.equal(await page.$$eval(".list .entry[data-id]", (found) => found.every((one) => one.firstChild.nodeName === "BDI")), true);
  const shown = await picture(page);
  assert.equal(shown.links.length, HOSTILE.length);
  await press(page, "History", ".panel");
  await press(page, "Request", ".panel");
  await onlyOwnElements(page);
  // Each is selected and described; the slower browser takes some.
  for (const [index, text] of HOSTILE.entries()) {
    if (engine === "firefox" && index > 2) continue;
    await page.evaluate((name) => [...document.querySelectorAll(".list .entry[data-id]")].find((one) => one.textContent === name).click(), cleaned(text));
    await until(page, (name) => document.querySelector(".panel h2")?.textContent === name, cleaned(text));
    assert.equal(await page.$eval(".panel .id bdi", (one) => one.textContent), record(index));
  }
  await settled(page);
  await onlyOwnElements(page);
  await opened(page, browser);
}

/** The exported drawing, opened by itself, is no way in, either. */
async function opened(page, browser) {
  await press(page, "Export", ".tools");
  const file = await saved(page, () => press(page, "SVG picture", "dialog"));
  assert.match(file.name, /^relata-[\w.-]+\.svg$/);
  const context = await browser.createBrowserContext();
  try {
    const alone = await context.newPage();
    // Without any policy, as from a disk.
    await alone.goto("data:image/svg+xml;base64," + file.bytes.toString("base64"));
    const found = await alone.evaluate(() => ({
      root: document.documentElement.nodeName, hit: window.hit,
      error: document.querySelector("parsererror")?.textContent ?? null,
      elements: [...new Set([...document.querySelectorAll("*")].map((one) => one.nodeName))],
      active: [...document.querySelectorAll("*")].flatMap((one) => [...one.attributes]).filter(({ name, value }) => name.startsWith("on") || name.endsWith("href") || /^\s*javascript:/i.test(value)).map(({ name, value }) => `${name}=${value}`),
      text: document.documentElement.textContent,
    }));
    assert.equal(found.root, "svg");
    assert.deepEqual([found.hit, found.error], [undefined, null]);
    for (const name of ["script", "image", "img", "foreignObject", "a", "use", "iframe"]) assert.ok(!found.elements.includes(name), name);
    assert.deepEqual(found.active.filter((one) => !one.startsWith("data-")), []);
    assert.ok(found.text.includes("<img src=x"), "names are text");
  } finally {
    await context.close();
  }
}
