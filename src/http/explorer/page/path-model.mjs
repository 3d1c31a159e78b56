/** The answer of `path` as a picture, and each of its ways in words. */

import { linkId } from "./history.mjs";
import { kindName, labelName, nodeOf, recordName } from "./object-kinds.mjs";

/** More ways would make a picture that nobody can follow. */
export const WAYS_DRAWN = 25;

/**
 * @typedef {object} PathStep a node, and the link that was taken to it
 * @property {string} object @property {string} record @property {string} [name]
 * @property {any} link
 */

/** Returns an id of a link that is the same whichever way it is taken. */
const idOf = (link, from, to) => (link.side === "first" ? linkId(link, from, to) : linkId(link, to, from));

/**
 * Returns the nodes and links of the first ways, each once.
 * @param {PathStep[][]} paths
 * @param {Map<string, object>} kinds
 * @param {{ names: boolean, past: boolean }} options
 * @returns {import("./scene.mjs").PictureModel}
 */
export function pathModel(paths, kinds, { names, past }) {
  const nodes = new Map();
  const links = new Map();
  for (const path of paths.slice(0, WAYS_DRAWN)) {
    for (const [at, step] of path.entries()) {
      const id = nodeOf(step);
      const isEnd = at === 0 || at === path.length - 1;
      nodes.set(id, {
        id, kind: step.object, text: names ? recordName(step) : step.record,
        sub: kindName(kinds, step.object), size: isEnd ? 3 : 2,
      });
      if (at === 0) continue;
      const from = nodeOf(path[at - 1]);
      const link = idOf(step.link, from, id);
      const known = { id: link, from, to: id, label: labelName(step.link), ownLabel: step.link.ownLabel };
      if (!links.has(link)) links.set(link, known);
    }
  }
  return { nodes: [...nodes.values()], groups: [], links: [...links.values()], past };
}

/**
 * Says that there is no way, and how sure that is.
 * @param {{ complete: boolean, detail?: string }} answer
 * @param {number} hops
 */
export function noWay({ complete }, hops) {
  const sentence = `No way within ${hops} ${hops === 1 ? "link" : "links"}`;
  return complete ? `${sentence}.` : `${sentence} among those that were looked at; the limit of one search was reached.`;
}
