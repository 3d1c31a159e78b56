/**
 * Places the nodes of paths in layers from left to right, each as many links from the start as
 * its layer says. Within a layer, nodes are ordered by what they are linked to on both sides, so
 * that few links cross.
 */

/** Distance between layers and within one, in the units of the layout. */
export const ACROSS = 210;
export const DOWN = 76;

/** Turns of sorting; after a few, hardly anything changes. */
const TURNS = 8;

/** @typedef {{ x: number, y: number }} Point */

/**
 * Returns where each node is. What is not linked to the start is in a layer of its own, last.
 * @param {import("./scene.mjs").PictureModel} model
 * @param {string} start id of the node on the left
 * @param {number} [down] distance within a layer
 * @returns {Map<string, Point>}
 */
export function layered({ nodes, groups, links }, start, down = DOWN) {
  const ids = [...nodes, ...groups].map(({ id }) => id);
  const neighbours = new Map(ids.map((id) => [id, /** @type {string[]} */ ([])]));
  const join = (one, other) => {
    if (!neighbours.has(one) || !neighbours.has(other)) return;
    neighbours.get(one).push(other);
    neighbours.get(other).push(one);
  };
  for (const { from, to } of links) join(from, to);
  for (const { id, parent } of groups) join(id, parent);
  const layers = layersOf(ids, neighbours, start);
  for (let turn = 0; turn < TURNS; turn += 1) sort(layers, neighbours, turn % 2 === 0);
  const positions = new Map();
  layers.forEach((layer, column) => layer.forEach((id, row) => {
    const middle = (layers.length - 1) / 2;
    positions.set(id, { x: (column - middle) * ACROSS, y: (row - (layer.length - 1) / 2) * down });
  }));
  return positions;
}

/** Returns the ids by their distance from the start. */
function layersOf(ids, neighbours, start) {
  const layers = [];
  const seen = new Set();
  let layer = neighbours.has(start) ? [start] : [];
  while (layer.length > 0) {
    layers.push(layer);
    for (const id of layer) seen.add(id);
    layer = [...new Set(layer.flatMap((id) => neighbours.get(id)))].filter((id) => !seen.has(id));
  }
  const rest = ids.filter((id) => !seen.has(id));
  return rest.length > 0 ? [...layers, rest] : layers;
}

/** Sorts each layer by the middle of what its nodes are linked to in the layer before. */
function sort(layers, neighbours, isForward) {
  const order = isForward ? layers : [...layers].reverse();
  for (let at = 1; at < order.length; at += 1) {
    const before = order[at - 1];
    const rows = new Map(before.map((id, row) => [id, row - (before.length - 1) / 2]));
    const middles = new Map(order[at].map((id, row) => {
      const linked = neighbours.get(id).filter((other) => rows.has(other));
      const sum = linked.reduce((total, other) => total + rows.get(other), 0);
      return [id, linked.length > 0 ? sum / linked.length : row - (order[at].length - 1) / 2];
    }));
    order[at].sort((a, b) => middles.get(a) - middles.get(b));
  }
}
