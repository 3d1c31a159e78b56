/** How views name records: as links to a picture of each. */

import { el, named } from "./dom.mjs";
import { nodeOf, recordName } from "./object-kinds.mjs";

/** Returns whether people asked for ids in place of names, as for a screenshot. */
export const isNameless = (app) => app.route?.params.names?.[0] === "off";

/** Returns what a record is called, or its id where names are off. */
export const shownName = (app, record) => (isNameless(app) ? record.record : recordName(record));

/**
 * Returns the route of a picture that begins with this node and what is linked to it.
 * @param {string} node
 * @param {Record<string, string[]>} [params] such as `card`, to which of its panel the route leads
 */
export const pictureOf = (node, params = {}) => ({ view: "graph", steps: [{ kind: "around", node }], params: { sel: [node], ...params } });

/** Makes a link to the picture of a record with what is linked to it. */
export const recordLink = (app, record, params = {}) =>
  el("a", { href: app.link(pictureOf(nodeOf(record), params)) }, named(shownName(app, record)));
