/** The records that break a declared cardinality, as rows. */

import { compareTexts } from "./object-kinds.mjs";

/**
 * @typedef {object} ViolationRow
 * @property {any} record with `object`, `record` and perhaps `name`
 * @property {string} label what the record has too many of
 * @property {any} association
 * @property {number} allowed @property {number} has
 *
 * @typedef {object} Unlisted how many records of an association break it and are not listed
 * @property {any} association @property {number} count
 */

/**
 * Returns the rows of a summary, most links first, and what it does not list.
 * @param {{ byAssociation: any[] }} summary
 * @returns {{ rows: ViolationRow[], unlisted: Unlisted[] }}
 */
export function violationRows({ byAssociation }) {
  const rows = byAssociation.flatMap((association) => association.violating.map((record) => ({
    record, association, allowed: 1, has: record.links,
    // A record on the first side has too many of what the second side is called.
    label: (record.side === "first" ? association.secondObjectLabel : association.firstObjectLabel) || association.key || association.id,
  })));
  rows.sort((a, b) => b.has - a.has || compareTexts(a.label, b.label));
  const unlisted = byAssociation.map((association) => ({ association, count: association.violations - association.violating.length }))
    .filter(({ count }) => count > 0);
  return { rows, unlisted };
}

/** Returns the rows as a table of texts, its heading first. */
export function violationTable(rows) {
  return [["object", "record", "name", "label", "association", "allowed", "has"],
    ...rows.map(({ record, label, association, allowed, has }) => [record.object, record.record, record.name, label, association.key ?? association.id, allowed, has])];
}
