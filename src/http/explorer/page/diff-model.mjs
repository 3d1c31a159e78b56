/** The answer of `diff` as a picture, and as rows of a table. */

import { linkId } from "./history.mjs";
import { kindName, nodeOf, recordName } from "./object-kinds.mjs";

/** More differences are a table only. */
export const DRAWN_MAX = 1000;

/**
 * @typedef {object} DiffRow
 * @property {"added"|"removed"} change
 * @property {any} link an answer of `diff`
 */

/**
 * Returns what was removed and added, in the order of the events.
 * @param {{ added: any[], removed: any[] }} answer
 * @returns {DiffRow[]}
 */
export function diffRows({ added, removed }) {
  /** @type {DiffRow[]} */
  const rows = [...removed.map((link) => ({ change: /** @type {const} */ ("removed"), link })), ...added.map((link) => ({ change: /** @type {const} */ ("added"), link }))];
  return rows.sort((a, b) => a.link.seq - b.link.seq);
}

/**
 * Returns the links that differ with their ends.
 * @param {DiffRow[]} rows
 * @param {Map<string, object>} kinds
 * @param {{ names: boolean }} options
 * @returns {import("./scene.mjs").PictureModel}
 */
export function diffModel(rows, kinds, { names }) {
  const nodes = new Map();
  const links = rows.map(({ change, link }) => {
    const { first, second } = link;
    for (const end of [first, second]) {
      const id = nodeOf(end);
      nodes.set(id, { id, kind: end.object, text: names ? recordName(end) : end.record, sub: kindName(kinds, end.object) });
    }
    const [from, to] = [nodeOf(first), nodeOf(second)];
    // A relation that joins other records now is removed and added.
    return { id: linkId(link, from, to, change), from, to, label: second.label, ownLabel: first.label, state: change };
  });
  return { nodes: [...nodes.values()], groups: [], links, past: false };
}

/** What of an association people see, and under which name. */
const MEMBERS = [
  ["firstObjectLabel", "First label"], ["secondObjectLabel", "Second label"], ["key", "Key"],
  ["firstObjectKey", "First kind"], ["secondObjectKey", "Second kind"],
  ["firstObjectToSecondObjectCardinality", "Cardinality"], ["secondObjectToFirstObjectCardinality", "Cardinality back"],
];

/**
 * Returns what of an association is called otherwise.
 * @param {{ before: any, after: any }} renamed
 * @returns {{ name: string, before: string, after: string }[]}
 */
export function renamings({ before, after }) {
  return MEMBERS.filter(([member]) => (before[member] ?? "") !== (after[member] ?? ""))
    .map(([member, name]) => ({ name, before: before[member] || "–", after: after[member] || "–" }));
}

/** Says how much differs. */
export function diffWords({ added, removed, associations }, number) {
  const parts = [[added.length, "added"], [removed.length, "removed"]]
    .map(([count, what]) => `${number(count)} ${count === 1 ? "link" : "links"} ${what}`);
  for (const what of ["added", "removed", "renamed"]) {
    const { length } = associations[what];
    if (length > 0) parts.push(`${number(length)} ${length === 1 ? "association" : "associations"} ${what}`);
  }
  return parts.join(", ");
}
