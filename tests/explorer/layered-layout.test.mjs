import assert from "node:assert/strict";
import test from "node:test";

import { createLayout } from "../../src/http/explorer/page/force-layout.mjs";
import { layered } from "../../src/http/explorer/page/layered-layout.mjs";
import { link, model, node, randomModel } from "./models.mjs";

const ids = (text) => text.split("").map((id) => node(id));

const links = (text) => text.split(" ").map((ends, at) => link(`l${at}`, ends[0], ends[1]));

test("paths run from left to right, one layer for each link", () => {
  const positions = layered(model(ids("zbac"), links("ab bc cz")), "a");
  const xs = "abcz".split("").map((id) => positions.get(id).x);
  assert.ok(xs.every((x, at) => at === 0 || x - xs[at - 1] === xs[1] - xs[0]));
  assert.ok([...positions.values()].every(({ y }) => y === 0));
});

test("nodes of a layer are ordered so that links do not cross", () => {
  const positions = layered(model(ids("sxypq"), links("sx sy xp xq yp")), "s");
  const isAbove = (one, other) => positions.get(one).y < positions.get(other).y;
  assert.equal(isAbove("x", "y"), isAbove("q", "p"));
});

test("no two nodes share a place, whatever the model", () => {
  for (const graph of [randomModel(80), model([]), model(ids("ab"), links("aa ab ax"))]) {
    for (const start of [graph.nodes[0]?.id ?? "", "unknown"]) {
      const positions = layered(graph, start);
      assert.equal(positions.size, graph.nodes.length + graph.groups.length);
      const places = [...positions.values()].map(({ x, y }) => `${x} ${y}`);
      assert.equal(new Set(places).size, places.length);
      assert.ok(places.every((place) => !place.includes("NaN")));
    }
  }
});

test("a layout takes the places of layers and keeps them", () => {
  const graph = randomModel(30);
  const layout = createLayout(1);
  layout.setGraph(graph);
  const places = layered(graph, graph.nodes[0].id);
  // The order does not matter, although a dragged node takes others along.
  layout.arrange([...places].reverse());
  assert.equal(layout.tick(), true);
  for (const [id, point] of places) assert.deepEqual(layout.positions.get(id), point);
  layout.setGraph({ ...graph, nodes: [...graph.nodes, node("contact/new")] });
  layout.tick();
  for (const [id, point] of places) assert.deepEqual(layout.positions.get(id), point);
});
