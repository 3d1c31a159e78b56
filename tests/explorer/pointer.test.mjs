import assert from "node:assert/strict";
import test from "node:test";

import { attachPointer } from "../../src/http/explorer/page/pointer.mjs";

/** A canvas at (100, 50) with a node around (200, 200) and a link at x = 300. */
function stage(more = {}) {
  const canvas = new EventTarget();
  canvas.style = {};
  canvas.getBoundingClientRect = () => ({ left: 100, top: 50, width: 800, height: 600 });
  const calls = [];
  let camera = { x: 0, y: 0, scale: 2, width: 800, height: 600 };
  const tolerances = new Set();
  const log = (name) => (...values) => calls.push([name, ...values]);
  const { look, detach } = attachPointer(canvas, {
    hit: (x, y, tolerance) => {
      tolerances.add(tolerance);
      if (Math.hypot(x - 200, y - 200) < 20) return "contact/a";
      return Math.abs(x - 300) < 5 ? "link1" : null;
    },
    isMovable: (id) => id.includes("/"),
    camera: () => camera,
    onCamera: (next) => {
      camera = next;
      calls.push(["camera"]);
    },
    onSelect: log("select"), onOpen: log("open"), onMenu: log("menu"), onDrag: log("drag"), onHover: log("hover"), ...more,
  });
  const send = (type, x, y, more = {}) => {
    const event = new Event(type, { cancelable: true });
    const values = { clientX: x + 100, clientY: y + 50, pointerId: 1, button: 0, pointerType: "mouse", ...more };
    for (const [name, value] of Object.entries(values)) Object.defineProperty(event, name, { value });
    canvas.dispatchEvent(event);
    return event;
  };
  const click = (x, y, more) => {
    send("pointerdown", x, y, more);
    send("pointerup", x, y, more);
  };
  return { send, click, calls, camera: () => camera, look, detach, tolerances };
}

test("a click selects, two open, the Shift key adds, the ground selects nothing", () => {
  const { click, calls } = stage();
  click(200, 200, { timeStamp: 1000 });
  click(203, 201, { timeStamp: 1200 });
  click(200, 200, { timeStamp: 1300, shiftKey: true });
  click(50, 50, { timeStamp: 9000 });
  click(50, 50, { timeStamp: 9100 });
  assert.deepEqual(calls, [
    ["select", "contact/a", undefined], ["open", "contact/a"], ["select", "contact/a", true],
    ["select", null, undefined], ["select", null, undefined],
  ]);
});

test("dragging a node moves it by the way of the pointer, and does not select it", () => {
  const { send, calls } = stage();
  send("pointerdown", 205, 200);
  send("pointermove", 207, 200);
  assert.deepEqual(calls, []);
  send("pointermove", 225, 190);
  send("pointermove", 235, 190);
  send("pointerup", 235, 190);
  assert.deepEqual(calls, [
    ["drag", "contact/a", 10, -5, false], ["drag", "contact/a", 5, 0, false], ["drag", "contact/a", 0, 0, true],
  ]);
});

test("dragging the ground or a link pans", () => {
  for (const x of [50, 300]) {
    const { send, calls, camera } = stage();
    send("pointerdown", x, 400);
    send("pointermove", x + 40, 420);
    send("pointerup", x + 40, 420);
    assert.deepEqual(calls, [["camera"]]);
    assert.deepEqual([camera().x, camera().y], [-20, -10]);
  }
});

test("the wheel zooms about the pointer, and the page does not scroll", () => {
  const { send, camera } = stage();
  const event = send("wheel", 400, 300, { deltaY: -300, deltaMode: 0 });
  assert.equal(event.defaultPrevented, true);
  assert.deepEqual([camera().x, camera().y, camera().scale], [0, 0, 4]);
  send("wheel", 0, 300, { deltaY: 300, deltaMode: 0 });
  assert.deepEqual([camera().scale, camera().x], [2, 100]);
});

test("two fingers zoom and pan, and the first no longer drags", () => {
  const { send, calls, camera, tolerances } = stage();
  const [one, other] = [{ pointerId: 1, pointerType: "touch" }, { pointerId: 2, pointerType: "touch" }];
  send("pointerdown", 200, 200, one);
  send("pointerdown", 400, 200, other);
  send("pointermove", 500, 200, other);
  assert.ok(Math.abs(camera().scale - 3) < 1e-9);
  send("pointerup", 500, 200, other);
  send("pointerup", 200, 200, one);
  assert.deepEqual(calls, [["camera"]]);
  assert.deepEqual([...tolerances], [16]);
});

test("the right button and a long touch open the menu, the menu key is left to others", (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const { send, calls } = stage();
  assert.equal(send("contextmenu", 200, 200, { button: 2, timeStamp: 100 }).defaultPrevented, true);
  assert.equal(send("contextmenu", 400, 300, { pointerType: "" }).defaultPrevented, false);
  send("pointerdown", 200, 200, { pointerType: "touch", timeStamp: 5000 });
  context.mock.timers.tick(600);
  send("contextmenu", 200, 200, { pointerType: "touch", button: 0, timeStamp: 5610 });
  send("pointerup", 200, 200, { pointerType: "touch" });
  assert.deepEqual(calls, [["menu", "contact/a", 300, 250], ["menu", "contact/a", 300, 250]]);
});

test("hovering is reported when it changes, and the cursor says what can be done", () => {
  const { send, calls } = stage();
  send("pointermove", 50, 50);
  send("pointermove", 200, 200);
  send("pointermove", 201, 200);
  send("pointerleave", 900, 900);
  assert.deepEqual(calls, [["hover", null, 150, 100], ["hover", "contact/a", 300, 250], ["hover", null, 1000, 950]]);
});

test("a pointer that is taken away ends its drag", () => {
  const { send, calls } = stage();
  send("pointerdown", 200, 200);
  send("pointermove", 240, 200);
  send("pointercancel", 240, 200);
  send("pointermove", 260, 200);
  assert.deepEqual(calls.filter(([name]) => name === "drag").at(-1), ["drag", "contact/a", 0, 0, true]);
});

test("nothing is heard after it was detached", () => {
  const { click, calls, detach } = stage();
  detach();
  click(200, 200);
  assert.deepEqual(calls, []);
});

test("in a page that scrolls, the wheel and a finger that goes up or down are the page's", () => {
  const { send, calls, camera } = stage({ scrolls: true });
  assert.equal(send("wheel", 400, 300, { deltaY: 100, deltaMode: 0 }).defaultPrevented, false);
  const finger = { pointerType: "touch" };
  send("pointerdown", 50, 400, finger);
  send("pointermove", 52, 430, finger);
  send("pointercancel", 52, 430, finger);
  assert.deepEqual(calls, []);
  send("pointerdown", 50, 400, finger);
  send("pointermove", 90, 405, finger);
  send("pointerup", 90, 405, finger);
  for (const key of ["ctrlKey", "metaKey"]) {
    const { scale } = camera();
    assert.equal(send("wheel", 400, 300, { deltaY: -100, deltaMode: 0, [key]: true }).defaultPrevented, true);
    assert.ok(camera().scale > scale && camera().scale < 1.5 * scale, key);
  }
});

test("what is under a resting pointer is said again when it changed", () => {
  let under = "contact/a";
  const { send, calls, look } = stage({ hit: () => under });
  look();
  send("pointermove", 200, 200);
  look();
  under = null;
  look();
  send("pointerleave", 0, 0);
  look();
  assert.deepEqual(calls.map(([, id]) => id), ["contact/a", "contact/a", null]);
});
