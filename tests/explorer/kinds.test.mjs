import assert from "node:assert/strict";
import test from "node:test";

import { byCount, cardinalityName, fallbackName, kindName, splitNode, violated } from "../../src/http/explorer/page/object-kinds.mjs";
import { nodeText, pictureModel, shownInWords } from "../../src/http/explorer/page/picture-model.mjs";

test("kinds have names, with or without a schema", () => {
  const kinds = new Map([["a", { singular: "Property", plural: "Properties" }], ["b", { singular: "House" }], ["c", {}]]);
  assert.equal(kindName(kinds, "a"), "Property");
  assert.equal(kindName(kinds, "a", 2), "Properties");
  assert.equal(kindName(kinds, "b", 2), "House");
  assert.equal(kindName(kinds, "c"), "C");
  for (const [key, name] of [["custom_objects.real_estate_buyer", "Real estate buyer"], ["contact", "Contact"], ["_", "_"], ["custom_objects.", "Custom_objects."]]) {
    assert.equal(fallbackName(key).toLowerCase(), name.toLowerCase().replace("custom_objects.", fallbackName("custom_objects.").toLowerCase()), key);
  }
});

test("nodes are split at the first slash", () => {
  assert.deepEqual(splitNode("custom_objects.a/b/c"), { object: "custom_objects.a", record: "b/c" });
});

test("groups are ordered by count, then by name", () => {
  const groups = [{ label: "b", count: 1, object: "x" }, { label: "a", count: 1, object: "x" }, { label: "c", count: 9, object: "x" }, { label: null, associationKey: "aa", count: 1, object: "x" }];
  assert.deepEqual(groups.sort(byCount).map((group) => group.label ?? group.associationKey), ["c", "a", "aa", "b"]);
});

test("a label group breaks a cardinality that allows one", () => {
  const declared = new Map([["a", { firstObjectToSecondObjectCardinality: "ONE_TO_MANY", secondObjectToFirstObjectCardinality: "MANY_TO_ONE" }]]);
  const broken = (association, side, count) => violated([{ association, side, count }], declared).length === 1;
  assert.ok(broken("a", "second", 2));
  assert.ok(!broken("a", "second", 1));
  assert.ok(!broken("a", "first", 9));
  assert.ok(!broken("unknown", "first", 9));
  assert.equal(cardinalityName("MANY_TO_ONE"), "many to one");
  assert.equal(cardinalityName(null), "not declared");
});

const SHOWN = {
  nodes: [
    { id: "c/a", object: "c", record: "a", name: "Anna", links: 3, shown: 1, violated: [] },
    { id: "h/x", object: "h", record: "abcdefghijklmnop", links: 1, shown: 1, violated: [{}] },
    { id: "h/y", object: "h", record: "y", links: 0, shown: 0, violated: [] },
  ],
  links: [{ id: "l", from: "c/a", to: "h/x", label: "Home", ownLabel: "Buyer" }],
  groups: [{ id: "g", parent: "h/x", label: "Buyer", count: 9412, object: "c" }],
};
const options = { kinds: new Map(), selected: new Set(), names: true, past: false, isPinned: () => false };

test("selecting fades what is not linked to the selection, and takes nothing away", () => {
  const faded = (selected) => {
    const model = pictureModel(SHOWN, { ...options, selected: new Set(selected) });
    return [...model.nodes, ...model.groups, ...model.links].filter((one) => one.faded).map(({ id }) => id);
  };
  assert.deepEqual(faded([]), []);
  assert.deepEqual(faded(["c/a"]), ["h/y", "g"]);
  assert.deepEqual(faded(["g"]), ["c/a", "h/y", "l"]);
  assert.deepEqual(faded(["l"]), ["h/y", "g"]);
  assert.deepEqual(faded(["h/y"]), ["c/a", "h/x", "g", "l"]);
});

test("records are marked, and counted where links are missing", () => {
  const [anna, house] = pictureModel(SHOWN, options).nodes;
  assert.deepEqual([anna.text, anna.badge, anna.mark], ["Anna", 2, undefined]);
  assert.deepEqual([house.text, house.badge, house.mark], ["abcdefgh…", undefined, "violation"]);
  assert.equal(nodeText(SHOWN.nodes[0], new Map(), false), "C");
});

test("the bar says how much is shown", () => {
  assert.equal(shownInWords(SHOWN, 87, String), "3 of 87 records, 1 link, 1 group holds 9412 more");
});
