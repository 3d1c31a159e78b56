import assert from "node:assert/strict";
import test from "node:test";

import { diffModel, diffRows, diffWords, renamings } from "../../src/http/explorer/page/diff-model.mjs";

const end = (record, label) => ({ object: "contact", record, name: `Name of ${record}`, label });
const link = (relation, first, second, seq) => ({ first: end(first, "Buyer"), second: end(second, "Home"), relation, association: "buys", seq });

test("rows are in the order of their events, whatever became of them", () => {
  const rows = diffRows({ added: [link("1", "a", "b", 9), link("2", "a", "c", 4)], removed: [link("3", "a", "d", 6)] });
  assert.deepEqual(rows.map(({ change, link: { seq } }) => [change, seq]), [["added", 4], ["removed", 6], ["added", 9]]);
});

test("a relation that joins other records is drawn as removed and as added", () => {
  const { nodes, links } = diffModel(diffRows({ added: [link("1", "a", "b", 9)], removed: [link("1", "a", "b", 3)] }), new Map(), { names: true });
  assert.equal(nodes.length, 2);
  assert.deepEqual(links.map(({ state }) => state), ["removed", "added"]);
  assert.deepEqual(links.map(({ id }) => id), ["link:removed:1:contact/a:contact/b", "link:added:1:contact/a:contact/b"]);
  assert.equal(new Set(links.map(({ id }) => id)).size, 2);
});

test("ids stand where names are off", () => {
  const { nodes } = diffModel(diffRows({ added: [link("1", "a", "b", 9)], removed: [] }), new Map(), { names: false });
  assert.deepEqual(nodes.map(({ text }) => text), ["a", "b"]);
});

test("only what differs of an association is told", () => {
  const before = { key: "k", firstObjectLabel: "Buyer", secondObjectLabel: "Interested In", firstObjectToSecondObjectCardinality: null };
  assert.deepEqual(renamings({ before, after: { ...before, secondObjectLabel: "Saved Home" } }), [{ name: "Second label", before: "Interested In", after: "Saved Home" }]);
  assert.deepEqual(renamings({ before, after: { ...before, firstObjectToSecondObjectCardinality: "ONE_TO_ONE" } }).map(({ before: was }) => was), ["–"]);
});

test("how much differs is said in words", () => {
  const associations = { added: [], removed: [{}], renamed: [{}, {}] };
  assert.equal(diffWords({ added: [1], removed: [], associations }, String), "1 link added, 0 links removed, 1 association removed, 2 associations renamed");
});
