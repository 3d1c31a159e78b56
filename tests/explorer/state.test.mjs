import assert from "node:assert/strict";
import test from "node:test";

import { createActions } from "../../src/http/explorer/page/graph-actions.mjs";
import { deletionOf } from "../../src/http/explorer/page/deletions.mjs";
import { groupId } from "../../src/http/explorer/page/history.mjs";
import { createLocationState, SMALL_GROUP } from "../../src/http/explorer/page/state.mjs";
import { createFakeApi } from "./fake-api.mjs";
import { generator } from "./texts.mjs";

const ASSOCIATIONS = [
  { id: "buys", key: "buys", firstObjectLabel: "Buyer", secondObjectLabel: "Home", firstObjectToSecondObjectCardinality: "MANY_TO_MANY", secondObjectToFirstObjectCardinality: "MANY_TO_MANY" },
  { id: "owns", key: "owns", firstObjectLabel: "Owner", secondObjectLabel: "Property", firstObjectToSecondObjectCardinality: "ONE_TO_MANY", secondObjectToFirstObjectCardinality: "MANY_TO_ONE" },
  { id: "knows", key: "knows", firstObjectLabel: "Friend", secondObjectLabel: "Friend of", firstObjectToSecondObjectCardinality: null, secondObjectToFirstObjectCardinality: null },
];

const buyers = (count) => Array.from({ length: count }, (_, at) => ["buys", `contact/${at}`, "house/hub"]);

const GRAPH = {
  associations: ASSOCIATIONS,
  relations: [
    ...buyers(110),
    ["owns", "contact/0", "house/hub"], ["owns", "contact/1", "house/hub"], ["knows", "contact/0", "contact/1"],
    ["knows", "contact/2", "contact/2"], ...Array.from({ length: SMALL_GROUP + 1 }, (_, at) => ["buys", "contact/many", `house/${at}`]),
    ["buys", "contact/0", "house/b"], ["buys", "contact/5", "house/b"], ["knows", "contact/a:b/c", "contact/0"],
  ],
};

const HUB = "house/hub";
const around = (node) => ({ kind: "around", node });

function fresh() {
  const api = createFakeApi(GRAPH);
  return { api, state: createLocationState(api, "l") };
}

test("small groups are opened at once, large ones stay one node with a count", async () => {
  const { state } = fresh();
  const shown = await state.shown([around(HUB)]);
  assert.deepEqual(shown.nodes.map(({ id }) => id).sort(), ["contact/0", "contact/1", HUB]);
  const group = shown.groups.find(({ association }) => association === "buys");
  // Two of the buyers are there as owners.
  assert.deepEqual([group.parent, group.label, group.count, group.total], [HUB, "Buyer", 108, 110]);
  assert.equal(shown.groups.length, 1);
  assert.equal(shown.links.length, 5);
  const hub = shown.nodes.find(({ id }) => id === HUB);
  assert.deepEqual([hub.links, hub.shown, hub.violated.map(({ label }) => label)], [112, 4, ["Owner"]]);
});

test("a group of one more than a small one is not opened by itself", async () => {
  const { state } = fresh();
  const shown = await state.shown([around("contact/many")]);
  assert.deepEqual([shown.nodes.length, shown.groups[0].count], [1, SMALL_GROUP + 1]);
});

test("collapsing a group keeps what something else shows, too", async () => {
  const { state } = fresh();
  const buys = { association: "buys", side: "second", object: "contact" };
  const open = (node) => ({ kind: "expand", node, ...buys, limit: "200" });
  const shown = await state.shown([open(HUB), open("house/b"), { kind: "collapse", node: HUB, ...buys }]);
  assert.deepEqual(shown.nodes.map(({ id }) => id).sort(), ["contact/0", "contact/5", "house/b", HUB]);
});

test("a link from a record to itself is two of its links", async () => {
  const { state } = fresh();
  const { nodes: [node], links } = await state.shown([{ kind: "add", node: "contact/2" }]);
  // The third is the one to the hub.
  assert.deepEqual([node.links, node.shown, links.length], [3, 2, 1]);
});

test("every opening of a group brings new ones, until all are there once", async () => {
  const { state, api } = fresh();
  let route = { view: "graph", steps: [around(HUB)], params: {} };
  const app = { go: (next) => { route = next; }, notice: assert.fail };
  let shown = await state.shown(route.steps);
  const actions = createActions(app, () => ({ route, shown }), () => null);
  const seen = new Set(shown.nodes.map(({ id }) => id));
  for (let round = 0; ; round += 1) {
    const [group] = shown.groups;
    if (!group) break;
    const before = api.requests.length;
    actions.openGroup(group);
    shown = await state.shown(route.steps);
    const fresh_ = shown.nodes.filter(({ id }) => !seen.has(id));
    assert.equal(fresh_.length, Math.min(SMALL_GROUP, group.count), `round ${round}`);
    assert.ok(api.requests.length - before <= 3, `${api.requests.length - before} requests`);
    for (const { id } of fresh_) seen.add(id);
  }
  assert.equal(seen.size, 111);
  assert.equal(route.steps.length, 2, "opening more of a group is one step");
});

test("going back shows what was shown, without asking again", async () => {
  const { state, api } = fresh();
  const steps = [
    around(HUB), { kind: "expand", node: HUB, association: "buys", side: "second", object: "contact", limit: "25" },
    { kind: "remove", node: "contact/1" }, { kind: "hide-label", label: "Friend" }, { kind: "hide-object", object: "house" },
    { kind: "show-object", object: "house" }, { kind: "collapse", node: HUB, association: "buys", side: "second", object: "contact" },
  ];
  const there = [];
  for (let count = 0; count <= steps.length; count += 1) there.push(await state.shown(steps.slice(0, count)));
  const asked = api.requests.length;
  for (let count = steps.length; count >= 0; count -= 1) {
    const again = await state.shown(steps.slice(0, count));
    const plain = ({ nodes, links, groups }) => ({ nodes, links, groups });
    assert.deepEqual(plain(again), plain(there[count]), `${count} steps`);
  }
  assert.equal(api.requests.length, asked);
  assert.ok(!there[3].nodes.some(({ id }) => id === "contact/1"));
  assert.ok(!there[4].links.some(({ association }) => association === "knows"));
  assert.ok(there[5].nodes.every(({ object }) => object === "contact"));
  assert.ok(there[7].nodes.length < there[6].nodes.length);
});

test("what is shown is what is among its records, and groups hold the rest", async () => {
  const random = generator(3);
  const { state, api } = fresh();
  const nodes = [HUB, "house/b", "contact/0", "contact/1", "contact/2", "contact/a:b/c"];
  for (let round = 0; round < 60; round += 1) {
    const steps = Array.from({ length: 1 + random.below(6) }, () => {
      const node = random.pick(nodes);
      const [group] = api.labelsOf(node);
      return random.pick([
        around(node), { kind: "add", node }, { kind: "remove", node }, { kind: "collapse", node, ...group },
        { kind: "expand", node, association: group.association, side: group.side, object: group.object, limit: String(1 + random.below(40)) },
      ]);
    });
    const shown = await state.shown(steps);
    const ids = new Set(shown.nodes.map(({ id }) => id));
    const expected = GRAPH.relations.filter(([, first, second]) => ids.has(first) && ids.has(second));
    assert.equal(shown.links.length, expected.length);
    for (const group of shown.groups) {
      const ends = api.linksOf(group.parent).filter((link) => groupId("", link) === groupId("", group));
      const hidden = ends.filter(({ object, record }) => !ids.has(`${object}/${record}`));
      assert.equal(group.count, hidden.length, group.id);
      assert.equal(group.total, ends.length, group.id);
    }
    for (const node of shown.nodes) assert.ok(node.shown <= node.links, node.id);
  }
});

test("what an event may have changed is asked again", async () => {
  const { state, api } = fresh();
  await state.shown([around(HUB)]);
  const asked = api.requests.length;
  await state.shown([around(HUB)]);
  assert.equal(api.requests.length, asked);
  state.forget();
  await state.shown([around(HUB)]);
  assert.equal(api.requests.length, 2 * asked);
});

test("an answer under way when an event comes mixes no two states", async () => {
  const steps = [around(HUB), around("contact/0"), { kind: "expand", node: HUB, association: "buys", side: "second", object: "contact", limit: "25" }];
  const plain = ({ nodes, links, groups }) => ({ nodes, links, groups });
  const expected = plain(await fresh().state.shown(steps));
  for (let turns = 0; turns < 40; turns += 1) {
    const { state } = fresh();
    const pending = state.shown(steps);
    for (let turn = 0; turn < turns; turn += 1) await Promise.resolve();
    state.forget();
    assert.deepEqual(plain(await pending), expected, `${turns} turns`);
  }
});

test("what is not there is named", async () => {
  const { state } = fresh();
  const shown = await state.shown([{ kind: "add", node: "contact/nobody" }, around("contact/2")]);
  assert.deepEqual(shown.unknown, ["contact/nobody"]);
  assert.deepEqual(shown.nodes.map(({ id }) => id), ["contact/2", HUB]);
});

test("a time becomes the event of the first answer", async () => {
  const asked = [];
  const api = { get: async (_, params) => { asked.push(params.asOf); return { objects: [], seq: 201 }; } };
  const state = createLocationState(api, "l", "2026-11-09T00:00:00Z");
  await state.get(["objects"], {});
  await state.get(["objects"], {});
  assert.deepEqual(asked, ["2026-11-09T00:00:00Z", "201"]);
});

test("pictures ask before they are large, and end before they are too large", async () => {
  const many = { nodes: Array.from({ length: 1990 }, (_, at) => ({ id: `contact/${at}` })), groups: [], opened: new Map() };
  const told = [];
  const app = { go: assert.fail, notice: (text) => told.push(text) };
  const actions = createActions(app, () => ({ route: { steps: [], params: {} }, shown: many }), () => null);
  actions.openGroup({ id: "g", parent: "contact/0", association: "a", side: "first", object: "contact", count: 40, total: 40 });
  assert.match(told[0], /2,015 records/);
});

test("a record of a hidden kind that is asked for is shown", () => {
  const hidden = [around(HUB), { kind: "hide-object", object: "house" }];
  const went = [];
  const route = { steps: hidden, params: {} };
  const actions = createActions({ go: ({ steps }) => went.push(steps) }, () => ({ route, shown: { nodes: [], groups: [] } }), () => null);
  actions.showNode("house/b");
  actions.showNode("contact/5");
  const added = went.map((steps) => steps.slice(hidden.length));
  assert.deepEqual(added, [[{ kind: "show-object", object: "house" }, { kind: "add", node: "house/b" }], [{ kind: "add", node: "contact/5" }]]);
});

test("records without links are said to be deleted where their own last event says so, as of that moment", async () => {
  const event = (seq, type, timestamp, id = "gone") => ({ seq, type, id, timestamp, receivedAt: timestamp });
  const events = {
    "house/gone": [event(9, "RecordDelete", "2026-01-09T00:00:00Z"), event(8, "RelationDelete", "2026-01-10T00:00:00Z", "r"), event(2, "RecordCreate", "2026-01-02T00:00:00Z")],
    "contact/gone": [event(9, "ContactUpdate", "2026-01-01T00:00:00Z"), event(8, "ContactDelete", "2026-01-09T00:00:00Z")],
    "task/gone": [event(9, "RecordCreate", "2026-01-09T00:00:00Z"), event(8, "RecordDelete", "2026-01-08T00:00:00Z")],
    "note/gone": [event(9, "RecordDelete", undefined), event(10, "RecordUpdate", undefined)],
  };
  const shownAt = async (asOf) => {
    const api = createFakeApi({ ...GRAPH, events });
    const state = createLocationState(api, "l", asOf);
    const { nodes } = await state.shown([...Object.keys(events), "house/b"].map((node) => ({ kind: "add", node })));
    assert.equal(api.requests.filter(([what]) => what === "history").length, 4);
    return nodes.filter(({ deleted }) => deleted).map(({ id, deleted }) => [id, deleted.seq]);
  };
  assert.deepEqual(await shownAt(), [["house/gone", 9], ["contact/gone", 8], ["note/gone", 9]]);
  assert.equal(deletionOf(events["house/gone"], "gone", 8), undefined);
});
