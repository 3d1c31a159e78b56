import assert from "node:assert/strict";
import test from "node:test";

import { fit } from "../../src/http/explorer/page/camera.mjs";
import { paint, resize, textMeasure } from "../../src/http/explorer/page/canvas-renderer.mjs";
import { createLayout } from "../../src/http/explorer/page/force-layout.mjs";
import { highlight } from "../../src/http/explorer/page/highlight.mjs";
import { scene } from "../../src/http/explorer/page/scene.mjs";
import { THEMES } from "../../src/http/explorer/page/theme.mjs";
import { randomModel } from "./models.mjs";

const CHANGES = ["added", "removed", "changed", "violation"];

/** A context that counts its calls and remembers what it wrote. */
function recorder() {
  const counts = {};
  const written = [];
  const target = { canvas: { width: 0, height: 0, getContext: () => context } };
  const context = new Proxy(target, {
    get(object, name) {
      if (name in object) return object[name];
      return (...values) => {
        counts[name] = (counts[name] ?? 0) + 1;
        if (name === "fillText") written.push(values[0]);
        if (name === "measureText") return { width: values[0].length * 7 };
        for (const value of values) {
          assert.ok(typeof value !== "number" || Number.isFinite(value), `${name} got ${value}`);
        }
        return undefined;
      };
    },
  });
  return { context, counts, written };
}

function marksOf(count, options) {
  const graph = randomModel(count);
  const nodes = graph.nodes.map((node, at) => (at % 9 === 0
    ? { ...node, mark: CHANGES[at % 4], pinned: true, badge: at % 2 ? "+1" : undefined }
    : { ...node, selected: at === 5, faded: at % 7 === 0 }));
  const layout = createLayout(1);
  layout.setGraph(graph);
  layout.tick();
  return scene({ ...graph, nodes }, layout.positions, fit(layout.positions.values(), 900, 600), options);
}

test("outlines of a style are painted many at a time", () => {
  const { context, counts } = recorder();
  const marks = marksOf(500);
  paint(context, marks, THEMES.light);
  assert.ok(counts.beginPath < marks.length / 5, `${counts.beginPath} paths for ${marks.length} marks`);
  assert.ok(counts.moveTo > 1200);
  assert.equal(counts.save, counts.restore);
});

test("every text of the scene is written, and the upper layer has no ground", () => {
  const { context, written } = recorder();
  const marks = marksOf(40);
  paint(context, marks, THEMES.dark);
  for (const mark of marks) if (mark.kind === "text") assert.ok(written.includes(mark.text), mark.text);
  assert.ok(["+1", "+", "~"].every((text) => written.includes(text)));
  const lower = recorder();
  paint(lower.context, marksOf(40, { withoutTexts: true }), THEMES.dark);
  assert.equal(lower.counts.fillRect, 1);
  const upper = recorder();
  paint(upper.context, highlight(marks, marks.find(({ kind }) => kind === "node").id), THEMES.dark);
  assert.equal(upper.counts.clearRect, 1);
  assert.ok(upper.counts.stroke > 0);
});

test("a canvas gets the pixels of the screen, at most two for one", () => {
  const { context } = recorder();
  for (const [ratio, width] of [[1, 300], [1.5, 450], [3, 600], [NaN, 300]]) {
    resize(context.canvas, 300, 200, ratio);
    assert.equal(context.canvas.width, width);
  }
});

test("a text is measured once", () => {
  const { context, counts } = recorder();
  const measure = textMeasure(context);
  assert.equal(measure("abc", 12, 500), 21);
  assert.equal(measure("abc", 12, 500), 21);
  measure("abc", 12, 650);
  assert.equal(counts.measureText, 2);
});
