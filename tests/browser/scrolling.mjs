/** Pages scroll where people scroll them, also over a picture in the page, and begin at the top. */

import assert from "node:assert/strict";
import test, { after, before } from "node:test";

import { launch, press, settled, until, visit } from "./browser.mjs";

const { DEMO } = process.env;

const find = async (name) => {
  const { results: [{ object, record }] } = await (await fetch(new URL("v1/locations/seaside-realty/search?q=" + encodeURIComponent(name), DEMO))).json();
  return `${object}/${record}`;
};

/** Views with a picture in a page that scrolls. */
const PAGES = ["", "/diff?from=2026-11-15T00:00:00Z&to=2026-11-21T00:00:00Z", `/path?from=${await find("Sofia Berg")}&to=${await find("Amara Okafor")}&all=1`];

const address = (route) => new URL("explore/#/seaside-realty" + route, DEMO).href;

const ENGINES = ["chromium", "firefox"];
const browsers = {};
before(async () => { for (const name of ENGINES) browsers[name] = await launch(name); });
after(() => Promise.all(Object.values(browsers).map((browser) => browser.close())));

const scrolled = (page) => page.$eval("#view", (view) => view.scrollTop);

/** Returns the picture as it is painted: whatever moves in it makes another one. */
const painted = (page) => page.$eval(".stage canvas", (canvas) => canvas.toDataURL());

/** Returns the middle of the picture, in the window. */
const middle = (page) => page.$eval(".stage canvas", (canvas) => {
  const { left, top, width, height } = canvas.getBoundingClientRect();
  return [left + width / 2, top + height / 2];
});

async function repainted(page, before) {
  await until(page, (was) => document.querySelector(".stage canvas").toDataURL() !== was, before);
  await settled(page);
}

/** Brings the picture into the middle of the window, and the pointer to none of it. */
async function bring(page) {
  await page.mouse.move(2, 2);
  await page.$eval(".stage", (stage) => stage.scrollIntoView({ block: "center" }));
  await settled(page);
}

/** Turns the wheel over the middle of the picture. Firefox has no wheel here but its event. */
async function wheel(page, name, deltaY, ctrlKey = false) {
  if (name === "firefox") {
    return page.$eval(".stage canvas", (canvas, given) => {
      const { left, top, width, height } = canvas.getBoundingClientRect();
      canvas.dispatchEvent(new WheelEvent("wheel", { ...given, clientX: left + width / 2, clientY: top + height / 2, bubbles: true, cancelable: true }));
    }, { deltaY, ctrlKey });
  }
  await page.mouse.move(...await middle(page));
  if (ctrlKey) await page.keyboard.down("Control");
  await page.mouse.wheel({ deltaY });
  if (ctrlKey) await page.keyboard.up("Control");
}

// The wheel zoomed the picture of kinds, and the page below it could not be reached.
for (const name of ENGINES) {
  const options = { size: [1000, 600], features: name === "firefox" ? [] : [["prefers-reduced-motion", "reduce"]] };
  for (const route of PAGES) {
    test(`the wheel scrolls a page over its picture, and zooms with Ctrl, in ${name}: ${route}`, async () => {
      await visit(browsers[name], address(route), async (page) => {
        await settled(page);
        await bring(page);
        const [fitted, before] = [await painted(page), await scrolled(page)];
        await wheel(page, name, 60);
        if (name !== "firefox") await until(page, (was) => document.getElementById("view").scrollTop > was, before);
        await bring(page);
        assert.ok(await painted(page) === fitted, "the picture moved");
        await wheel(page, name, -120, true);
        await bring(page);
        await repainted(page, fitted);
        assert.equal(await scrolled(page), before);
        await press(page, "Fit", ".zoom");
        await bring(page);
        await until(page, (was) => document.querySelector(".stage canvas").toDataURL() === was, fitted);
        await press(page, "Zoom in", ".zoom");
        await bring(page);
        await repainted(page, fitted);
      }, options);
    });
  }

  test(`the wheel zooms the picture that fills the page, in ${name}`, async () => {
    await visit(browsers[name], address("/graph?s=around:custom_objects.property/6adf249e8ce18ef62a90b95f"), async (page) => {
      await settled(page);
      const fitted = await painted(page);
      await wheel(page, name, -240);
      await page.mouse.move(2, 2);
      await repainted(page, fitted);
      assert.equal(await page.$(".zoom"), null);
    }, options);
  });
}

// A finger moved the picture of the differences out of its frame, and left it empty.
test("a finger scrolls a page over its picture, and two zoom", async () => {
  for (const route of PAGES) {
    await visit(browsers.chromium, address(route), async (page) => {
      await page.setViewport({ width: 390, height: 800, hasTouch: true, isMobile: true });
      await settled(page);
      const session = await page.createCDPSession();
      await page.$eval(".stage", (stage) => stage.scrollIntoView({ block: "center" }));
      await settled(page);
      const [before, fitted, [x, y]] = [await scrolled(page), await painted(page), await middle(page)];
      await drag(session, x, y, -150);
      await until(page, (was) => document.getElementById("view").scrollTop > was + 50, before);
      assert.ok(await painted(page) === fitted, route);
      await page.$eval(".stage", (stage) => stage.scrollIntoView({ block: "center" }));
      const [across, down] = await middle(page);
      await pinch(session, across, down);
      await repainted(page, fitted);
    }, { size: [390, 800], features: [["prefers-reduced-motion", "reduce"]] });
  }
});

/** Puts a finger on a place and moves it up or down. */
async function drag(session, x, y, by) {
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x, y }] });
  for (let share = 0.1; share <= 1; share += 0.1) await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [{ x, y: y + by * share }] });
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

/** Puts two fingers on a place and moves them apart. */
async function pinch(session, x, y) {
  const points = (apart) => [{ x: x - apart, y, id: 1 }, { x: x + apart, y, id: 2 }];
  await session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: points(20) });
  for (let apart = 25; apart <= 80; apart += 5) await session.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: points(apart) });
  await session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
}

// Who had scrolled one view found the next one scrolled, without its title.
test("each view and each dialog begins at its top", async () => {
  await visit(browsers.chromium, address("/diff?from=2026-11-01T00:00:00Z"), async (page) => {
    await settled(page);
    for (const tab of ["Overview", "Violations", "Overview", "Changes", "Overview"]) {
      await page.$eval("#view", (view) => { view.scrollTop = 1e6; });
      await press(page, tab, "#views");
      await settled(page);
      assert.equal(await scrolled(page), 0, tab);
      const [heading] = await page.$$eval("h1", (found) => found.map((one) => one.getBoundingClientRect().top));
      assert.ok(heading > 0, tab);
    }
    await press(page, "Help", "#header");
    assert.equal(await page.$eval("dialog", (dialog) => dialog.scrollTop), 0);
  }, { size: [1000, 420] });
});
