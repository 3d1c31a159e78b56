import assert from "node:assert/strict";
import test from "node:test";

import { createLayout } from "../../src/http/explorer/page/force-layout.mjs";
import { csv, cytoscape, fileName, guarded, nodeLink } from "../../src/http/explorer/page/data-export.mjs";
import { scene } from "../../src/http/explorer/page/scene.mjs";
import { svg } from "../../src/http/explorer/page/svg-export.mjs";
import { THEMES } from "../../src/http/explorer/page/theme.mjs";
import { HOSTILE, link, model, node, randomModel } from "./models.mjs";
import { elementsOf } from "./well-formed.mjs";

const CAMERA = { x: 0, y: 0, scale: 1, width: 800, height: 600 };

function marksOf(graph) {
  const layout = createLayout(1);
  layout.setGraph(graph);
  layout.tick();
  return scene(graph, layout.positions, CAMERA, { whole: true });
}

/** A model in which every text is hostile: ids, kinds, names, labels, badges. */
function hostileModel() {
  const nodes = HOSTILE.map((text, at) => node(`${at}${text}`, {
    kind: text, text, sub: text, badge: text, mark: ["added", "removed", "changed", "violation"][at % 5],
  }));
  const links = HOSTILE.map((text, at) => link(`l${at}${text}`, nodes[at].id, nodes[(at * 7) % nodes.length].id, {
    label: text, ownLabel: text, state: ["added", "removed", "violation"][at % 4],
  }));
  const groups = HOSTILE.map((text, at) => ({
    id: `g${at}${text}`, parent: nodes[at].id, label: text, kind: text, count: at,
  }));
  return model(nodes, links, groups);
}

test("an SVG of hostile texts is well-formed and has no element of theirs", () => {
  const legend = HOSTILE.map((text) => ({ kind: text, text, count: 3 }));
  for (const text of HOSTILE) {
    const written = svg(marksOf(hostileModel()), { title: text, description: text, legend, theme: THEMES.light });
    const names = new Set(elementsOf(written).map(({ name }) => name));
    assert.deepEqual([...names].sort(), ["desc", "g", "path", "rect", "svg", "text", "title"]);
    assert.ok(!/ on[a-z]+="/.test(written) && !written.includes("href"));
  }
});

test("an SVG has everything that is shown, with its data, inside its box", () => {
  const graph = randomModel(60);
  const marks = marksOf(graph);
  const legend = [{ kind: "contact", text: "Contact", count: 1200 }, { kind: "task", text: "Task" }];
  const elements = elementsOf(svg(marks, { title: "Picture", legend, theme: THEMES.dark }));
  const [left, top, width, height] = elements[0].attributes.viewBox.split(" ").map(Number);
  const ids = (name) => elements.filter(({ attributes }) => attributes.class === name)
    .map(({ attributes }) => attributes["data-id"]).sort();
  assert.deepEqual(ids("node"), graph.nodes.map(({ id }) => id).sort());
  assert.deepEqual(ids("group"), graph.groups.map(({ id }) => id).sort());
  assert.ok(elements.some(({ text }) => text === "Contact · 1,200"));
  const first = elements.find(({ attributes }) => attributes["data-id"] === "link1");
  assert.equal(first.attributes["data-label"], "Interested Buyer");
  for (const { name, attributes } of elements) {
    const numbers = name === "path" ? attributes.d.match(/-?[\d.]+/g).map(Number)
      : name === "text" ? [Number(attributes.x), Number(attributes.y)] : [];
    numbers.forEach((number, at) => {
      const [low, size] = at % 2 === 0 ? [left, width] : [top, height];
      assert.ok(number >= low && number <= low + size, `${number} outside ${low} to ${low + size}`);
    });
  }
});

test("the same picture gives the same SVG, and an empty one is still a picture", () => {
  const write = () => svg(marksOf(randomModel(40)), { title: "a", theme: THEMES.light });
  assert.equal(write(), write());
  const empty = elementsOf(svg(marksOf(model([])), { title: "Nothing", theme: THEMES.paper }));
  assert.ok(Number(empty[0].attributes.width) > 0);
});

/** Reads CSV as RFC 4180 has it. */
function rowsOf(text) {
  const rows = [[]];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  while (cell.lastIndex < text.length) {
    const found = cell.exec(text);
    assert.ok(found, "not CSV");
    const [, quoted, plain, end] = found;
    rows.at(-1).push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === "\r\n") rows.push([]);
  }
  return rows.slice(0, -1);
}

test("CSV of hostile texts reads back, and no cell is a formula", () => {
  const graph = hostileModel();
  const [head, ...rows] = rowsOf(csv(graph));
  assert.deepEqual(head.slice(0, 3), ["source", "target", "label"]);
  assert.equal(rows.length, graph.links.length);
  rows.forEach((row, at) => {
    assert.equal(row.length, head.length);
    for (const text of row) assert.ok(!/^\s*[=+\-@\uff1d\uff0b\uff0d\uff20]/u.test(text), text.slice(0, 40));
    const [source, target, label] = row.map((text) => text.replace(/^'/, ""));
    const { from, to, label: own } = graph.links[at];
    assert.deepEqual([source, target, label], [from, to, own]);
  });
});

test("cells that begin like a formula are guarded, others are not", () => {
  const cases = {
    "=1": "'=1", "+1": "'+1", "-1": "'-1", "@a": "'@a", "\t": "'\t", "\r": "'\r", "\n": "'\n",
    "'a": "''a", "  =1": "'  =1", "\uff1d1": "'\uff1d1", "a=1": "a=1", "12 Maple": "12 Maple", "": "",
  };
  for (const [text, expected] of Object.entries(cases)) assert.equal(guarded(text), expected);
});

test("JSON for Cytoscape and NetworkX has each node once and each link between known ends", () => {
  for (const graph of [randomModel(30), hostileModel(), model([])]) {
    const positions = new Map(graph.nodes.map(({ id }, at) => [id, { x: at, y: -at }]));
    const { elements } = JSON.parse(cytoscape(graph, positions));
    const ids = new Set(elements.nodes.map(({ data }) => data.id));
    assert.equal(ids.size, graph.nodes.length + graph.groups.length);
    assert.equal(elements.edges.length, graph.links.length);
    for (const { data } of elements.edges) assert.ok(ids.has(data.source) && ids.has(data.target));
    if (graph.nodes.length > 2) assert.deepEqual(elements.nodes[2].position, { x: 2, y: -2 });
    const document = JSON.parse(nodeLink(graph));
    assert.deepEqual([document.directed, document.multigraph], [true, true]);
    assert.equal(document.nodes.length, ids.size);
    assert.deepEqual(document.links.map(({ key }) => key), graph.links.map(({ id }) => id));
  }
  const loop = link("l", "contact/a", "contact/a", { selected: true });
  const chosen = model([node("contact/a", { mark: "added" })], [loop]);
  assert.ok(!nodeLink(chosen).includes("selected") && nodeLink(chosen).includes("added"));
});

test("names of files are plain", () => {
  assert.equal(fileName("seaside-realty", 338, "svg"), "relata-seaside-realty-338.svg");
  assert.equal(fileName("L/1 é%\u0001", 7, "csv"), "relata-L-1-7.csv");
  assert.equal(fileName("../../etc", 7, "json"), "relata-etc-7.json");
  assert.equal(fileName("\ud800", "x", "svg"), "relata-location-0.svg");
  assert.ok(fileName("x".repeat(1000), 1, "svg").length < 100);
});
