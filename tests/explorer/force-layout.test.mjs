import assert from "node:assert/strict";
import test from "node:test";

import { createLayout } from "../../src/http/explorer/page/force-layout.mjs";
import { GROUP_DOWN, groupAcross, nodeRadius } from "../../src/http/explorer/page/sizes.mjs";
import { link, model, node, randomModel, randomNumbers } from "./models.mjs";

const copy = (positions) => new Map([...positions].map(([id, { x, y }]) => [id, [x, y]]));

const laidOut = (graph, seed = 1) => {
  const layout = createLayout(seed);
  layout.setGraph(graph);
  assert.equal(layout.tick(), true);
  return layout;
};

const assertFinite = (positions) => {
  for (const [id, { x, y }] of positions) assert.ok(Number.isFinite(x) && Number.isFinite(y), id);
};

const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

test("the same seed gives the same numbers, however ticks are spread over frames", () => {
  const graph = randomModel(200);
  const whole = laidOut(graph, 7);
  let time = 0;
  const sliced = createLayout(7, () => (time += 1));
  sliced.setGraph(randomModel(200));
  let frames = 0;
  while (!sliced.tick(frames % 5)) frames += 1;
  assert.ok(frames > 20);
  assert.deepEqual(copy(sliced.positions), copy(whole.positions));
  assert.notDeepEqual(copy(laidOut(graph, 8).positions), copy(whole.positions));
});

test("nothing, one node, nodes without links and unknown ends give finite positions", () => {
  const lonely = Array.from({ length: 300 }, (_, at) => node(`contact/${at}`));
  const graphs = [
    model([]),
    model([node("contact/a")], [link("l", "contact/a", "contact/a")]),
    model(lonely),
    model([node("contact/a"), node("contact/b")], [link("l", "contact/a", "contact/missing")]),
    model([node("contact/a")], [], [{ id: "g", parent: "contact/gone", label: "x", count: 1, kind: "task" }]),
    randomModel(40),
  ];
  for (const graph of graphs) {
    const { positions } = laidOut(graph);
    assert.equal(positions.size, graph.nodes.length + graph.groups.length);
    assertFinite(positions);
  }
});

test("nodes at the same place, or almost, come apart and stay near", () => {
  const ids = Array.from({ length: 20 }, (_, at) => `contact/${at}`);
  const layout = laidOut(model(ids.map((id) => node(id))));
  ids.forEach((id, at) => layout.pin(id, 5 + (at % 2) * 1e-4, 5));
  for (const id of ids) layout.unpin(id);
  layout.tick();
  assertFinite(layout.positions);
  const points = [...layout.positions.values()];
  points.forEach((point, at) => {
    for (const other of points.slice(at + 1)) assert.ok(distance(point, other) > 20);
    assert.ok(Math.hypot(point.x, point.y) < 600, `${point.x}, ${point.y}`);
  });
});

test("parts without links between them stay together", () => {
  const nodes = Array.from({ length: 60 }, (_, at) => node(`contact/${at}`));
  const links = nodes.filter((_, at) => at % 3 > 0).map(({ id }, at) =>
    link(`l${at}`, id, nodes[Number(id.split("/")[1]) - 1].id));
  const { positions } = laidOut(model(nodes, links));
  for (const { x, y } of positions.values()) assert.ok(Math.hypot(x, y) < 900);
});

test("what was there does not move when something comes or goes", () => {
  const graph = randomModel(200);
  const layout = laidOut(graph);
  const before = copy(layout.positions);
  const added = Array.from({ length: 25 }, (_, at) => node(`task/new${at}`));
  const links = added.map(({ id }, at) => link(`new${at}`, graph.nodes[3].id, id));
  layout.setGraph({ ...graph, nodes: [...added, ...graph.nodes], links: [...graph.links, ...links] });
  layout.tick();
  const after = copy(layout.positions);
  for (const [id, point] of before) assert.deepEqual(after.get(id), point, id);
  for (const { id } of added) {
    const away = distance(layout.positions.get(id), layout.positions.get(graph.nodes[3].id));
    assert.ok(away < 700, `${id} is ${away} away`);
  }
  layout.setGraph({ ...graph, nodes: graph.nodes.slice(50) });
  layout.tick();
  for (const { id } of graph.nodes.slice(50)) {
    assert.deepEqual(copy(layout.positions).get(id), before.get(id));
  }
});

test("new nodes come in where there is most room", () => {
  const hub = node("contact/hub");
  const right = Array.from({ length: 5 }, (_, at) => node(`task/${at}`));
  const layout = createLayout(1);
  const links = right.map(({ id }) => link(id, hub.id, id));
  layout.setGraph(model([hub, ...right], links));
  layout.tick();
  layout.pin(hub.id, 0, 0);
  right.forEach(({ id }, at) => layout.pin(id, 100, (at - 2) * 40));
  layout.setGraph(model([hub, ...right, node("contact/new")], [...links, link("n", hub.id, "contact/new")]));
  layout.tick();
  const { x, y } = layout.positions.get("contact/new");
  assert.ok(x < -60 && Math.abs(y) < 60, `it is at ${x}, ${y}`);
});

test("what comes back, comes back to its place", () => {
  const graph = randomModel(50);
  const layout = laidOut(graph);
  const before = copy(layout.positions);
  layout.setGraph({ ...graph, nodes: graph.nodes.slice(0, 20), groups: [] });
  layout.tick();
  layout.setGraph(graph);
  layout.tick();
  assert.deepEqual(copy(layout.positions), before);
});

test("a dragged node takes along what hangs on it alone", () => {
  const ids = ["contact/a", "contact/b", "contact/c", "contact/leaf"];
  const ends = [[0, 1], [1, 2], [0, 3], [2, 0]];
  const links = ends.map(([from, to], at) => link(`l${at}`, ids[from], ids[to]));
  const layout = laidOut(model(ids.map((id) => node(id)), links));
  const before = copy(layout.positions);
  const [x, y] = before.get(ids[0]);
  layout.pin(ids[0], x + 70, y - 30);
  layout.tick();
  const after = copy(layout.positions);
  assert.deepEqual(after.get(ids[0]), [x + 70, y - 30]);
  const [leafX, leafY] = before.get(ids[3]);
  assert.deepEqual(after.get(ids[3]), [leafX + 70, leafY - 30]);
  assert.deepEqual(after.get(ids[1]), before.get(ids[1]));
  layout.pin(ids[0], NaN, 0);
  assert.deepEqual(copy(layout.positions), after);
});

test("tidying moves all but what is pinned, and unpinning lets one node move", () => {
  const graph = randomModel(60);
  const layout = laidOut(graph);
  layout.pin(graph.nodes[0].id, 2000, 2000);
  layout.tidy();
  assert.equal(layout.tick(0), false);
  layout.tick();
  assert.deepEqual(copy(layout.positions).get(graph.nodes[0].id), [2000, 2000]);
  const before = copy(layout.positions);
  assert.equal(layout.isPinned(graph.nodes[0].id), true);
  layout.unpin(graph.nodes[0].id);
  layout.tick();
  const moved = [...copy(layout.positions)].filter(([id, point]) => String(point) !== String(before.get(id)));
  assert.deepEqual(moved.map(([id]) => id), [graph.nodes[0].id]);
});

test("nodes keep apart, so that they and their names can be read", () => {
  for (const count of [60, 400]) {
    const points = [...laidOut(randomModel(count)).positions.values()];
    let close = 0;
    points.forEach((point, at) => {
      // Names are wide, so that more room is needed beside a node than above it.
      const isClose = (other) => Math.hypot((point.x - other.x) / 1.7, point.y - other.y) < 36;
      close += points.slice(at + 1).filter(isClose).length;
    });
    assert.equal(close, 0);
  }
});

test("a first picture is as wide as the view allows", () => {
  const width = (aspect) => {
    const { positions } = laidOut({ ...randomModel(40), aspect });
    assertFinite(positions);
    const xs = [...positions.values()].map(({ x }) => x);
    return Math.max(...xs) - Math.min(...xs);
  };
  const [plain, wide, upright, widest] = [undefined, 1.5, 0.5, 9].map(width);
  assert.ok(Math.abs(wide / plain - Math.sqrt(1.5)) < 0.01);
  assert.equal(upright, plain);
  assert.ok(Math.abs(widest / plain - 1.5) < 0.01);
});

test("a first picture is there at once, and lies across", () => {
  const ids = Array.from({ length: 12 }, (_, at) => `contact/${at}`);
  const links = ids.slice(1).map((id, at) => link(`l${at}`, ids[at], id));
  for (const seed of [1, 2, 3]) {
    const layout = createLayout(seed);
    layout.setGraph(model(ids.map((id) => node(id)), links));
    assert.equal(layout.tick(0), true);
    const points = [...layout.positions.values()];
    const extent = (axis) => Math.max(...points.map((it) => it[axis])) - Math.min(...points.map((it) => it[axis]));
    assert.ok(extent("x") > 1.5 * extent("y"));
  }
});

test("large pictures are laid out in time", (context) => {
  for (const count of [500, 2000, 5000]) {
    const layout = createLayout(1);
    const before = process.cpuUsage();
    layout.setGraph(randomModel(count));
    layout.tick();
    const { user } = process.cpuUsage(before);
    context.diagnostic(`${count} nodes: ${Math.round(user / 1000)} ms of processor time`);
    assertFinite(layout.positions);
    // The machine of a test may be much slower than a person's.
    assert.ok(user / 1000 < count * 10, `${count} nodes took ${user / 1000} ms`);
  }
});

/** Returns the pairs of what is drawn on each other, with the rings of neither. */
function covered({ nodes, groups }, positions) {
  const items = [...nodes, ...groups].map((item) => ({
    id: item.id, ...positions.get(item.id),
    across: "parent" in item ? groupAcross(item) : nodeRadius(item), down: "parent" in item ? GROUP_DOWN : nodeRadius(item),
  }));
  return items.flatMap((one, at) => items.slice(at + 1)
    .filter((other) => Math.abs(one.x - other.x) < one.across + other.across && Math.abs(one.y - other.y) < one.down + other.down)
    .map((other) => [one.id, other.id]));
}

/** Houses and buyers, each of whom likes several: what pulls two houses is nearly the same. */
function market(random) {
  const houses = Array.from({ length: 24 }, (_, at) => node(`property/${at}`));
  const buyers = Array.from({ length: 60 }, (_, at) => node(`contact/${at}`));
  const links = buyers.flatMap(({ id }) => Array.from({ length: 7 }, (_, at) => link(`${id} ${at}`, id, houses[Math.floor(random() * houses.length)].id)));
  const groups = houses.slice(0, 5).map(({ id }, at) => ({ id: `group${at}`, parent: id, label: "Viewing", kind: "task", count: 10 ** at }));
  return model([...houses, ...buyers], links, groups);
}

// Somebody expanded a buyer, and a second house came in on top of the first, which was not to
// be seen any more.
test("whatever is expanded, taken off and brought back, nothing lies on anything and nothing moves", () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const random = randomNumbers(seed);
    const whole = market(random);
    const far = new Map(whole.nodes.map(({ id }) => [id, whole.links.filter((one) => one.from === id || one.to === id).flatMap(({ from, to }) => [from, to])]));
    const layout = createLayout(seed);
    const shown = new Set([whole.nodes[0].id]);
    for (let step = 0; step < 30; step += 1) {
      const nodes = whole.nodes.filter(({ id }) => shown.has(id));
      const graph = model(nodes, whole.links.filter(({ from, to }) => shown.has(from) && shown.has(to)), whole.groups.filter(({ parent }) => shown.has(parent)));
      const before = copy(layout.positions);
      layout.setGraph(graph);
      layout.tick();
      assert.deepEqual(covered(graph, layout.positions), [], `seed ${seed}, step ${step}`);
      for (const [id, point] of copy(layout.positions)) if (before.has(id)) assert.deepEqual(point, before.get(id), id);
      const one = nodes[Math.floor(random() * nodes.length)].id;
      if (random() < 0.2 && shown.size > 4) shown.delete(one);
      else for (const id of far.get(one)) shown.add(id);
    }
  }
});
