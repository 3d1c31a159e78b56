import assert from "node:assert/strict";
import test from "node:test";

import { fit } from "../../src/http/explorer/page/camera.mjs";
import { createLayout } from "../../src/http/explorer/page/force-layout.mjs";
import { pointOf } from "../../src/http/explorer/page/curves.mjs";
import { highlight } from "../../src/http/explorer/page/highlight.mjs";
import { hit } from "../../src/http/explorer/page/hit-test.mjs";
import { scene } from "../../src/http/explorer/page/scene.mjs";
import { oneLine } from "../../src/http/explorer/page/text-width.mjs";
import { HOSTILE, link, model, node, randomModel, randomNumbers } from "./models.mjs";

const CAMERA = { x: 0, y: 0, scale: 1, width: 800, height: 600 };

const two = new Map([["contact/a", { x: -150, y: 0 }], ["contact/b", { x: 150, y: 0 }]]);

const between = (...ends) => model(
  [node("contact/a"), node("contact/b")],
  ends.map(([from, to, more], at) => link(`l${at}`, `contact/${from}`, `contact/${to}`, more)),
);

const of = (marks, kind) => marks.filter((mark) => mark.kind === kind);

function laidOut(graph) {
  const layout = createLayout(1);
  layout.setGraph(graph);
  layout.tick();
  return layout.positions;
}

test("parallel links are arcs that differ, whichever way they go", () => {
  const graph = between(["a", "b"], ["b", "a"], ["a", "b"], ["b", "a"]);
  const heights = of(scene(graph, two, CAMERA), "link").map(({ curve }) => pointOf(curve, 0.5).y);
  assert.equal(heights.length, 4);
  heights.sort((a, b) => a - b);
  for (let at = 1; at < 4; at += 1) assert.ok(heights[at] - heights[at - 1] > 16, String(heights));
  const [single] = of(scene(between(["a", "b"]), two, CAMERA), "link");
  assert.equal(single.straight, true);
});

test("more than four parallel links are one with their number, beside those that changed", () => {
  const ends = Array.from({ length: 7 }, (_, at) => ["a", "b", at === 3 ? { state: "added" } : {}]);
  const marks = scene(between(...ends), two, CAMERA);
  const links = of(marks, "link");
  assert.deepEqual(links.map(({ ids }) => ids.length).sort(), [1, 6]);
  assert.equal(links.find(({ ids }) => ids.length === 1).change, "added");
  assert.ok(of(marks, "text").some(({ text }) => text === "6 links"));
  const drawn = links.flatMap(({ ids }) => ids);
  assert.equal(new Set(drawn).size, 7);
});

test("links from a node to itself are loops that differ", () => {
  const links = of(scene(between(["a", "a"], ["a", "a"]), two, CAMERA), "link");
  const heights = links.map(({ curve }) => pointOf(curve, 0.5).y);
  assert.equal(links.length, 2);
  assert.ok(links.every(({ straight }) => !straight) && Math.abs(heights[0] - heights[1]) > 10);
});

test("loops leave where no link does", () => {
  const at = { a: [0, 0], b: [0, -150], c: [150, 0], d: [0, 150] };
  const graph = model(Object.keys(at).map((id) => node(id)), ["a", "b", "c", "d"].map((id) => link(id, "a", id)));
  const positions = new Map(Object.entries(at).map(([id, [x, y]]) => [id, { x, y }]));
  const marks = scene(graph, positions, CAMERA);
  const loop = marks.find(({ kind, id }) => kind === "link" && id === "a");
  assert.ok(pointOf(loop.curve, 0.5).x < 380);
  const alone = scene(between(["a", "a"]), two, CAMERA).find(({ kind }) => kind === "link");
  assert.ok(pointOf(alone.curve, 0.5).y < 290);
});

test("a link is named by the role of its far end, seen from the selection or the larger end", () => {
  const graph = model(
    ["hub", "a", "b", "c"].map((id) => node(id)),
    ["a", "b", "c"].map((id) => link(id, id, "hub", { label: `hub of ${id}`, ownLabel: `${id} of hub` })),
  );
  const positions = new Map([["hub", [0, 0]], ["a", [250, 0]], ["b", [-250, 0]], ["c", [0, 200]]]
    .map(([id, [x, y]]) => [id, { x, y }]));
  const textsOf = (chosen) => {
    const nodes = graph.nodes.map((it) => ({ ...it, selected: it.id === chosen }));
    const marks = scene({ ...graph, nodes }, positions, CAMERA);
    return of(marks, "text").filter((text) => text.of === "link").map(({ text }) => text).sort();
  };
  assert.deepEqual(textsOf("hub"), ["a of hub", "b of hub", "c of hub"]);
  assert.deepEqual(textsOf(""), ["a of hub", "b of hub", "c of hub"]);
  assert.deepEqual(textsOf("b"), ["a of hub", "c of hub", "hub of b"]);
});

test("what is in view is drawn, and little else", () => {
  const graph = randomModel(400);
  const positions = laidOut(graph);
  const random = randomNumbers(5);
  for (let turn = 0; turn < 20; turn += 1) {
    const camera = {
      x: random() * 1200 - 600, y: random() * 1200 - 600, scale: 0.2 + random() * 3, width: 700, height: 500,
    };
    const whole = scene(graph, positions, camera, { whole: true });
    const drawn = new Set(scene(graph, positions, camera).map(({ kind, id }) => `${kind} ${id}`));
    const isInside = ({ x, y }) => x >= 0 && x <= 700 && y >= 0 && y <= 500;
    for (const mark of whole) {
      if (mark.kind === "text" || mark.kind === "ground") continue;
      const points = mark.kind === "link"
        ? Array.from({ length: 21 }, (_, at) => pointOf(mark.curve, at / 20)) : [mark];
      if (points.some(isInside)) assert.ok(drawn.has(`${mark.kind} ${mark.id}`), mark.id);
    }
    const far = of(scene(graph, positions, camera), "node").filter(({ x, y }) =>
      x < -100 || x > 800 || y < -100 || y > 600);
    assert.equal(far.length, 0);
  }
});

test("a link that crosses the view between ends outside is drawn", () => {
  const camera = { ...CAMERA, width: 40, height: 40 };
  assert.equal(of(scene(between(["a", "b"]), two, camera), "link").length, 1);
  assert.equal(of(scene(between(["a", "b"]), two, camera), "node").length, 0);
  assert.equal(of(scene(between(["a", "b"]), two, { ...camera, y: 500 }), "link").length, 0);
});

/** Returns the box of a text. */
function boxOf({ x, y, width, size, align }) {
  const left = { center: x - width / 2, start: x, end: x - width }[align];
  return { left, right: left + width, top: y - size / 2, bottom: y + size / 2 };
}

const overlap = (a, b) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

test("no text lies on another or on a node", () => {
  for (const seed of [1, 2, 3, 4]) {
    const graph = randomModel(25 * seed, seed);
    const positions = laidOut(graph);
    for (const factor of [0.6, 1, 1.8]) {
      const camera = fit(positions.values(), 1000, 700);
      const marks = scene(graph, positions, { ...camera, scale: camera.scale * factor });
      const texts = of(marks, "text").filter(({ isInside }) => !isInside).map(boxOf);
      assert.ok(texts.length > 5);
      texts.forEach((text, at) => {
        for (const other of texts.slice(at + 1)) assert.ok(!overlap(text, other));
      });
      if (camera.scale * factor < 0.34) continue;
      for (const { x, y, radius } of of(marks, "node")) {
        const inner = radius * 0.6;
        const body = { left: x - inner, right: x + inner, top: y - inner, bottom: y + inner };
        assert.ok(texts.every((text) => !overlap(text, body)));
      }
    }
  }
});

test("the edge of the view cuts no name that has room elsewhere", () => {
  const [left, right] = [node("contact/a", { text: "A name as long as this" }), node("contact/b", { text: "Another name of some length" })];
  const ends = new Map([["contact/a", { x: -330, y: 0 }], ["contact/b", { x: 330, y: 0 }]]);
  const camera = { ...CAMERA, width: 840 };
  const names = of(scene(model([left, right], [link("l", "contact/a", "contact/b")]), ends, camera), "text").filter(({ of: kind }) => kind === "node");
  assert.ok(names.some(({ text }) => text === left.text) && names.some(({ text }) => text === right.text));
  for (const { x, width, align, text } of names) {
    const start = { start: x, center: x - width / 2, end: x - width }[align];
    assert.ok(start >= 0 && start + width <= camera.width, text);
  }
});

test("texts are few from afar, never small, and at most 60 on links", () => {
  const graph = randomModel(800);
  const positions = laidOut(graph);
  const count = (scale) => {
    const texts = of(scene(graph, positions, { ...CAMERA, scale, width: 1600, height: 1200 }), "text");
    for (const { size, isInside } of texts) assert.ok(isInside || size >= 11);
    return [texts.filter((text) => text.of === "link").length, texts.filter((text) => text.of === "node").length];
  };
  assert.ok(count(0.1)[1] <= 16 && count(0.1)[0] === 0);
  const [links, names] = count(1);
  assert.ok(links > 10 && links <= 60 && names > 40 && names <= 200, `${links} and ${names}`);
  assert.deepEqual(of(scene(graph, positions, CAMERA, { withoutTexts: true }), "text"), []);
});

test("the selection is named always, with its links, and lies in front", () => {
  const graph = randomModel(300);
  const positions = laidOut(graph);
  const chosen = graph.nodes[40].id;
  const nodes = graph.nodes.map((it) => ({ ...it, selected: it.id === chosen, faded: it.id !== chosen }));
  const marks = scene({ ...graph, nodes }, positions, fit(positions.values(), 1000, 700));
  assert.ok(of(marks, "text").some(({ id }) => id === chosen));
  assert.equal(of(marks, "node").at(-1).id, chosen);
  const unfaded = nodes.map((it) => ({ ...it, faded: false }));
  assert.equal(of(scene({ ...graph, nodes: unfaded }, positions, CAMERA, { whole: true }), "node").at(-1).id, chosen);
  for (const mark of of(marks, "link")) {
    assert.equal(mark.selected, mark.from === chosen || mark.to === chosen);
    assert.equal(mark.faded, !mark.selected && !mark.isStem || mark.faded);
  }
});

test("links of kinds carry both labels at their ends and their number in the middle", () => {
  const graph = between(["a", "b", { count: 9412 }]);
  const texts = of(scene(graph, two, CAMERA, { endLabels: true }), "text");
  const at = (text) => texts.find((mark) => mark.text === text).x;
  assert.ok(at("Saved Home") < at("9,412") && at("9,412") < at("Interested Buyer"));
});

test("hostile texts are one line each, cut between characters", () => {
  const nodes = HOSTILE.map((text, at) => node(`contact/${at}`, { text, sub: text }));
  const links = HOSTILE.map((label, at) => link(`l${at}`, nodes[at].id, nodes[(at + 1) % nodes.length].id, { label }));
  const groups = HOSTILE.map((label, at) => ({ id: `g${at}`, parent: nodes[at].id, label, kind: label, count: at }));
  const graph = model(nodes, links, groups);
  const positions = laidOut(graph);
  const texts = of(scene(graph, positions, fit(positions.values(), 3000, 3000)), "text");
  assert.ok(texts.length > HOSTILE.length);
  for (const { text, width } of texts) {
    assert.ok(text !== "" && !/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text), JSON.stringify(text));
    assert.ok(Number.isFinite(width ?? 0) && (width ?? 0) < 900);
    assert.ok(text.isWellFormed?.() ?? true);
  }
});

test("a long text is cut between characters as people see them", () => {
  const family = "👩‍👩‍👧‍👦";
  const cases = [
    ["12 Maple Street", 28, "12 Maple Street"], ["abcdef", 4, "abc…"], ["ab cdef", 4, "ab…"], ["a\n\0 b", 9, "a b"],
    ["x".repeat(65536), 3, "xx…"], [family.repeat(5), 3, `${family}${family}…`],
    ["e\u0301e\u0301e\u0301", 2, "e\u0301…"], ["\ud800", 9, ""],
  ];
  for (const [text, characters, expected] of cases) assert.equal(oneLine(text, characters), expected);
});

test("nodes without a position are left out, and the ground knows the past", () => {
  const marks = scene({ ...between(["a", "b"]), past: true }, new Map(), CAMERA);
  assert.deepEqual(marks.map(({ kind, past }) => [kind, past]), [["ground", true]]);
});

test("a point hits the nearest node before links, and links before nothing", () => {
  const marks = scene(between(["a", "b"]), two, CAMERA);
  assert.equal(hit(marks, 250, 300), "contact/a");
  assert.equal(hit(marks, 250 + 16, 300 + 4), "contact/a");
  assert.equal(hit(marks, 325, 303), "l0");
  assert.equal(hit(marks, 400, 320), null);
  assert.equal(hit(marks, 250, 300 - 24), null);
  assert.equal(hit(marks, 250, 300 - 24, 16), "contact/a");
  const name = marks.find(({ kind, id }) => kind === "text" && id === "contact/b");
  assert.equal(hit(marks, boxOf(name).left + 1, name.y), "contact/b");
  const alone = scene(model([node("contact/a")]), two, CAMERA);
  const centred = boxOf(alone.find(({ kind }) => kind === "text"));
  assert.equal(hit(alone, centred.left + 1, centred.bottom - 1), "contact/a");
  assert.equal(hit(alone, centred.left - 9, centred.bottom - 1), null);
  assert.equal(hit([], 0, 0), null);
});

test("highlighting shows a node, its links and their ends", () => {
  const graph = randomModel(30);
  const marks = scene(graph, laidOut(graph), CAMERA, { whole: true });
  const id = graph.nodes[4].id;
  const shown = highlight(marks, id);
  const near = graph.links.filter((it) => it.from === id || it.to === id);
  const ids = of(shown, "link").filter(({ isStem }) => !isStem).flatMap((mark) => mark.ids);
  assert.deepEqual(ids.sort(), near.map((it) => it.id).sort());
  assert.ok(shown.some((mark) => mark.kind === "node" && mark.id === id && mark.hovered));
  assert.deepEqual(highlight(marks, null), []);
  assert.deepEqual(highlight(marks, "contact/unknown"), []);
  assert.ok(of(marks, "node").every((mark) => !mark.hovered));
});

test("the scene of a large picture is made in a part of a frame", (context) => {
  for (const count of [500, 2000, 5000]) {
    const graph = randomModel(count);
    const positions = laidOut(graph);
    const camera = fit(positions.values(), 1280, 800);
    for (let turn = 0; turn < 10; turn += 1) scene(graph, positions, camera);
    const before = process.cpuUsage();
    for (let turn = 0; turn < 20; turn += 1) scene(graph, positions, camera);
    const milliseconds = process.cpuUsage(before).user / 20_000;
    context.diagnostic(`${count} nodes: ${milliseconds.toFixed(1)} ms of processor time`);
    assert.ok(milliseconds < count * 0.05, `${count} nodes took ${milliseconds} ms`);
  }
});
