/** What kinds of records, records and label groups are called, and how they are ordered. */

/**
 * @typedef {object} Kind an answer of `objects`
 * @property {string} object @property {string} [singular] @property {string} [plural]
 * @property {number} records
 */

/** Splits `objectKey/recordId` at the first slash, as the API does. */
export function splitNode(node) {
  const at = node.indexOf("/");
  return { object: node.slice(0, at), record: node.slice(at + 1) };
}

export const nodeOf = ({ object, record }) => `${object}/${record}`;

/** Returns a name for an object key that has none: `custom_objects.real_estate_buyer` is a
 * “Real estate buyer”. */
export function fallbackName(object) {
  const words = object.replace(/^custom_objects\./, "").replace(/_+/g, " ").trim() || object;
  return words[0].toUpperCase() + words.slice(1);
}

/**
 * Returns the name of a kind for one record of it, or for several.
 * @param {Map<string, Kind>} kinds
 */
export function kindName(kinds, object, count = 1) {
  const kind = kinds.get(object);
  return (count === 1 ? kind?.singular : kind?.plural) ?? kind?.singular ?? fallbackName(object);
}

/** Returns the name of a record, or its id where nobody knows its name. */
export const recordName = (record) => record.name ?? record.record ?? splitNode(record.id).record;

/** Returns the label of the far end, or what says most where it has none. */
export const labelName = ({ label, associationKey, association }) => label || associationKey || association;

/** Orders label groups the same everywhere: the largest first, then by name. */
export const byCount = (a, b) => b.count - a.count || compareTexts(labelName(a), labelName(b)) || compareTexts(a.object, b.object);

export const compareTexts = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** How many a cardinality allows one record. */
const ALLOWED = { ONE_TO_ONE: 1, MANY_TO_ONE: 1, ONE_TO_MANY: Infinity, MANY_TO_MANY: Infinity };

/**
 * Returns the label groups of a record that have more links than their association allows.
 * @param {object[]} labels label groups of a record
 * @param {Map<string, object>} associations by id
 */
export function violated(labels, associations) {
  return labels.filter(({ association, side, count }) => {
    const declared = associations.get(association);
    const cardinality = side === "first"
      ? declared?.firstObjectToSecondObjectCardinality
      : declared?.secondObjectToFirstObjectCardinality;
    return count > (ALLOWED[cardinality] ?? Infinity);
  });
}

/** Writes a cardinality in words. */
export const cardinalityName = (cardinality) => (cardinality ? cardinality.toLowerCase().replaceAll("_", " ") : "not declared");
