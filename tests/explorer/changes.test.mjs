import assert from "node:assert/strict";
import test from "node:test";

import { createChangeLog, KEPT, RATE_MAX } from "../../src/http/explorer/page/change-log.mjs";
import { changeWords, recordsOf } from "../../src/http/explorer/page/change-words.mjs";
import { marked, newsText, noMarks, takeChanges } from "../../src/http/explorer/page/live-marks.mjs";

test("the newest changes are kept, each once", () => {
  const log = createChangeLog(() => 0);
  for (let seq = 1; seq <= KEPT + 10; seq += 1) log.add({ seq }, false);
  log.add({ seq: KEPT + 10 }, false);
  const changes = log.changes();
  assert.deepEqual([changes.length, changes[0].seq, changes.at(-1).seq], [KEPT, KEPT + 10, 11]);
});

test("of a flood some are kept, and its rate is told until it is over", () => {
  let now = 0;
  const log = createChangeLog(() => now);
  for (let seq = 1; seq <= 200; seq += 1) log.add({ seq }, true);
  assert.equal(log.changes().length, RATE_MAX);
  assert.deepEqual(log.flood(), { rate: 200, left: 150 });
  now = 1000;
  assert.equal(log.add({ seq: 201 }, true), true);
  assert.equal(log.flood().rate, 200, "that of the last full second");
  now = 2000;
  assert.deepEqual(log.flood(), { rate: 0, left: 150 });
});

test("what was before is no flood", () => {
  const log = createChangeLog(() => 0);
  for (let seq = 1; seq <= 200; seq += 1) log.add({ seq }, false);
  assert.deepEqual([log.changes().length, log.flood()], [200, { rate: 0, left: 0 }]);
});

const ends = { first: { object: "contact", record: "a" }, second: { object: "house", record: "h" } };

test("changes are said in words", () => {
  const kinds = new Map([["contact", { object: "contact", singular: "Person" }]]);
  for (const [change, text, mark] of [
    [{ type: "RelationCreate", relation: "1", association: "x", ...ends }, "Link added", "added"],
    [{ type: "RelationDelete", relation: "1", association: "x", ...ends }, "Link removed", "removed"],
    [{ type: "AssociationUpdate", association: "x" }, "Association changed", "changed"],
    [{ type: "ContactDelete", object: "contact", record: "a" }, "Person deleted", "removed"],
    [{ type: "RecordDelete", object: null, record: "a" }, "Record deleted", "removed"],
    [{ type: "ObjectSchemaCreate", object: "custom_objects.big_house" }, "Kind Big house added", "added"],
    [{ type: "LocationUpdate", name: "L" }, "Location changed", "changed"],
    [{ type: "SomethingNew" }, "Location changed", "changed"],
  ]) {
    const words = changeWords(change, kinds);
    assert.deepEqual([words.text, words.mark], [text, mark], change.type);
  }
});

test("a change names the records that it is about", () => {
  assert.deepEqual(recordsOf({ relation: "1", firstLabel: "Buyer", secondLabel: null, ...ends }).map(({ record, label }) => [record.record, label]), [["a", "Buyer"], ["h", null]]);
  assert.equal(recordsOf({ record: "a", object: "contact" }).length, 1);
  assert.equal(recordsOf({ record: "a", object: null }).length, 0);
  assert.equal(recordsOf({ association: "x", first: null, second: null }).length, 0);
});

const shown = {
  nodes: [{ id: "contact/a" }, { id: "house/h" }, { id: "house/i" }],
  links: [{ id: "l1", from: "contact/a", to: "house/h", relation: "1", association: "x" }, { id: "l2", from: "contact/a", to: "house/i", relation: "2", association: "y" }],
};
const relation = (type, id, first, second) => ({ type, relation: id, association: "x", first: { object: "contact", record: first }, second: { object: "house", record: second } });

test("changes mark what is shown, and add and remove nothing", () => {
  const marks = noMarks();
  const seen = takeChanges(marks, shown, [relation("RelationCreate", "9", "z", "h"), relation("RelationCreate", "8", "y", "h"), relation("RelationDelete", "1", "a", "h"), relation("RelationCreate", "7", "z", "other")]);
  assert.equal(seen, 3);
  const after = marked(shown, marks);
  assert.deepEqual(after.nodes.map(({ id, mark, news }) => [id, mark, news]), [["contact/a", "changed", "−1"], ["house/h", "changed", "+2 −1"], ["house/i", undefined, undefined]]);
  assert.deepEqual(after.links.map(({ state }) => state), ["removed", undefined]);
  assert.deepEqual([after.nodes.length, after.links.length], [3, 2]);
});

test("a record or an association that is removed takes its links along", () => {
  const byRecord = noMarks();
  takeChanges(byRecord, shown, [{ type: "RecordDelete", object: "house", record: "i" }]);
  assert.deepEqual(marked(shown, byRecord).links.map(({ state }) => state), [undefined, "removed"]);
  assert.equal(marked(shown, byRecord).nodes[2].mark, "removed");
  const byAssociation = noMarks();
  assert.equal(takeChanges(byAssociation, shown, [{ type: "AssociationDelete", association: "x", first: null }]), 1);
  assert.deepEqual(marked(shown, byAssociation).links.map(({ state }) => state), ["removed", undefined]);
});

test("that a record breaks its cardinality is seen beside what changed", () => {
  const broken = { ...shown, nodes: [{ id: "house/h", violated: [{}] }] };
  const marks = noMarks();
  takeChanges(marks, broken, [relation("RelationCreate", "9", "z", "h")]);
  assert.deepEqual(marked(broken, marks).nodes.map(({ mark, news }) => [mark, news]), [[undefined, "+1"]]);
});

test("what comes back is not removed any more", () => {
  const marks = noMarks();
  takeChanges(marks, shown, [{ type: "RecordDelete", object: "house", record: "i" }, { type: "RecordCreate", object: "house", record: "i" }]);
  assert.equal(marked(shown, marks).nodes[2].mark, "changed");
});

test("without changes, what is shown stays the same object", () => {
  assert.equal(marked(shown, noMarks()), shown);
  assert.equal(newsText({ added: 0, removed: 0 }), "");
});
