import assert from "node:assert/strict";
import test from "node:test";

import { between, fit, pan, toLayout, toView, zoom } from "../../src/http/explorer/page/camera.mjs";
import { randomNumbers } from "./models.mjs";

const CAMERA = { x: 30, y: -20, scale: 1.5, width: 800, height: 600 };

const near = (a, b) => assert.ok(Math.abs(a.x - b.x) < 1e-6 && Math.abs(a.y - b.y) < 1e-6);

test("points of the view and of the layout belong together", () => {
  near(toLayout(CAMERA, toView(CAMERA, { x: 12, y: 34 })), { x: 12, y: 34 });
  near(toView(CAMERA, { x: 30, y: -20 }), { x: 400, y: 300 });
});

test("zooming holds what is under the pointer and stays within its limits", () => {
  let camera = CAMERA;
  const random = randomNumbers(1);
  for (let turn = 0; turn < 200; turn += 1) {
    const point = { x: random() * 800, y: random() * 600 };
    const held = toLayout(camera, point);
    camera = zoom(camera, 0.2 + random() * 3, point);
    near(toLayout(camera, point), held);
    assert.ok(camera.scale >= 0.05 && camera.scale <= 4);
  }
});

test("panning moves the picture with the pointer", () => {
  const before = toView(CAMERA, { x: 0, y: 0 });
  near(toView(pan(CAMERA, 10, -7), { x: 0, y: 0 }), { x: before.x + 10, y: before.y - 7 });
});

test("fitting shows all points, and enlarges a few only a little", () => {
  const random = randomNumbers(2);
  for (const count of [0, 1, 2, 50]) {
    const points = Array.from({ length: count }, () => ({ x: random() * 5000, y: random() * 900 }));
    for (const [width, height] of [[800, 600], [120, 90]]) {
      const camera = fit(points, width, height);
      assert.ok(camera.scale > 0 && camera.scale <= 1.4);
      if (width < 800) continue;
      for (const point of points) {
        const { x, y } = toView(camera, point);
        assert.ok(x >= 0 && x <= width && y >= 0 && y <= height);
      }
    }
  }
});

test("a movement begins and ends where it should", () => {
  const to = { x: 0, y: 5, scale: 0.2, width: 800, height: 600 };
  assert.deepEqual(between(CAMERA, to, 0), CAMERA);
  near(between(CAMERA, to, 1), to);
  assert.ok(Math.abs(between(CAMERA, to, 1).scale - 0.2) < 1e-9);
});
