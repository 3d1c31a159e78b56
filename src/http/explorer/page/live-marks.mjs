/** What changed of that which a picture shows: marks, which add and remove nothing. */

import { ending, recordsOf } from "./change-words.mjs";
import { nodeOf } from "./object-kinds.mjs";

/**
 * @typedef {object} NodeNews
 * @property {number} added links @property {number} removed links
 * @property {boolean} gone whether the record itself was removed
 *
 * @typedef {object} LiveMarks
 * @property {Map<string, NodeNews>} nodes by their id
 * @property {Set<string>} links ids of those that are not there any more
 */

/** @returns {LiveMarks} */
export const noMarks = () => ({ nodes: new Map(), links: new Set() });

/**
 * Takes changes into the marks of a picture.
 * @param {LiveMarks} marks
 * @param {{ nodes: any[], links: any[] }} shown
 * @param {any[]} changes
 * @returns {number} how many of the changes are about what is shown
 */
export function takeChanges(marks, shown, changes) {
  const nodes = new Set(shown.nodes.map(({ id }) => id));
  let seen = 0;
  for (const change of changes) {
    const what = ending(change);
    const gone = what === "Delete" ? shown.links.filter((link) => isOf(link, change)) : [];
    for (const { id } of gone) marks.links.add(id);
    const ends = new Set(recordsOf(change).map(({ record }) => nodeOf(record)).filter((id) => nodes.has(id)));
    for (const id of ends) note(marks, id, change, what);
    if (ends.size + gone.length > 0) seen += 1;
  }
  return seen;
}

/** Says whether a link is the one of a change, or one of its association. */
function isOf(link, { relation, association }) {
  if (relation !== undefined) return link.relation === relation;
  return association !== undefined && link.association === association;
}

function note(marks, id, change, what) {
  const news = marks.nodes.get(id) ?? { added: 0, removed: 0, gone: false };
  if (change.relation === undefined) news.gone = what === "Delete";
  else if (what === "Create") news.added += 1;
  else if (what === "Delete") news.removed += 1;
  marks.nodes.set(id, news);
}

/** Returns the news of a node in a few characters: "+2", "−1", or both. */
export function newsText({ added, removed }) {
  return [added ? `+${added}` : "", removed ? `−${removed}` : ""].filter(Boolean).join(" ");
}

/**
 * Returns what is shown with its marks.
 * @template {{ nodes: any[], links: any[] }} Shown
 * @param {Shown} shown
 * @param {LiveMarks} marks
 * @returns {Shown}
 */
export function marked(shown, marks) {
  if (marks.nodes.size + marks.links.size === 0) return shown;
  const nodes = shown.nodes.map((node) => {
    const news = marks.nodes.get(node.id);
    // That a record breaks its cardinality is seen all the same.
    const mark = news?.gone ? "removed" : node.violated?.length ? undefined : "changed";
    return news ? { ...node, mark, news: newsText(news) } : node;
  });
  const gone = (id) => marks.nodes.get(id)?.gone;
  const links = shown.links.map((link) =>
    (marks.links.has(link.id) || gone(link.from) || gone(link.to) ? { ...link, state: "removed" } : link));
  return { ...shown, nodes, links };
}
