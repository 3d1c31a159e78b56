import assert from "node:assert/strict";
import test from "node:test";

import { csvTable } from "../../src/http/explorer/page/data-export.mjs";
import { violationRows, violationTable } from "../../src/http/explorer/page/violation-rows.mjs";

const association = (key, violating, violations = violating.length) => ({
  id: `id of ${key}`, key, firstObjectLabel: "Agent", secondObjectLabel: "Listing", violations, violating,
});
const record = (id, side, links) => ({ object: "house", record: id, side, links });

test("the record with most links comes first, with what it has too many of", () => {
  const { rows } = violationRows({ byAssociation: [association("a", [record("1", "second", 2)]), association("b", [record("2", "first", 5)])] });
  assert.deepEqual(rows.map(({ record: { record: id }, label, allowed, has }) => [id, label, allowed, has]), [["2", "Listing", 1, 5], ["1", "Agent", 1, 2]]);
});

test("more than are listed is told by association", () => {
  const { rows, unlisted } = violationRows({ byAssociation: [association("a", [record("1", "first", 2)], 40), association("b", [record("2", "first", 2)])] });
  assert.equal(rows.length, 2);
  assert.deepEqual(unlisted.map(({ association: { key }, count }) => [key, count]), [["a", 39]]);
});

test("an association without labels is named by its key", () => {
  const [row] = violationRows({ byAssociation: [{ ...association("a", [record("1", "first", 2)]), secondObjectLabel: null }] }).rows;
  assert.equal(row.label, "a");
});

test("cells of the file cannot become formulas", () => {
  const { rows } = violationRows({ byAssociation: [association("=cmd()", [{ ...record("1", "first", 2), name: 'a "b", c' }])] });
  assert.equal(csvTable(violationTable(rows)), 'object,record,name,label,association,allowed,has\r\nhouse,1,"a ""b"", c",Listing,\'=cmd(),1,2\r\n');
});
