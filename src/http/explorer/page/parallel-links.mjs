/**
 * Which links are parallel, and what hangs together: all that the scene needs of a model and
 * that does not change while the picture moves. It is worked out once for each model.
 */

/** Up to this many parallel links are drawn as arcs, more as one with their number. */
const ARCS_MAX = 4;

/** @typedef {import("./scene.mjs").PictureModel} PictureModel */
/** @typedef {import("./scene.mjs").PictureLink} PictureLink */

/**
 * A link as it is drawn, or several as one.
 * @typedef {object} Strand
 * @property {PictureLink} link the first of them
 * @property {readonly PictureLink[]} links
 * @property {number} lane its arc, from the side of the smaller id
 * @property {number} ring its place among loops, 0 is the innermost
 * @property {boolean} isTurned whether its way is from the larger to the smaller id
 */

/** @typedef {{ strands: Strand[], degree: Map<string, number>, neighbours: Map<string, Set<string>> }} Links */

/** @type {WeakMap<PictureModel, Links>} */
const known = new WeakMap();

/**
 * Returns the links of a model as they are drawn. Models are never changed, so that the answer
 * is kept.
 * @param {PictureModel} model
 * @returns {Links}
 */
export function linksOf(model) {
  const kept = known.get(model);
  if (kept) return kept;
  const found = sorted(model);
  known.set(model, found);
  return found;
}

/** @param {PictureModel} model */
function sorted(model) {
  /** @type {Map<string, Map<string, PictureLink[]>>} */
  const pairs = new Map();
  const degree = new Map();
  const neighbours = new Map();
  const join = (one, other) => {
    degree.set(one, (degree.get(one) ?? 0) + 1);
    const set = neighbours.get(one);
    if (set) set.add(other);
    else neighbours.set(one, new Set([other]));
  };
  for (const link of model.links) {
    const [less, more] = link.from < link.to ? [link.from, link.to] : [link.to, link.from];
    let beside = pairs.get(less);
    if (!beside) pairs.set(less, (beside = new Map()));
    const parallel = beside.get(more);
    if (parallel) parallel.push(link);
    else beside.set(more, [link]);
    join(link.from, link.to);
    join(link.to, link.from);
  }
  for (const group of model.groups) {
    join(group.id, group.parent);
    join(group.parent, group.id);
  }
  const strands = [];
  for (const beside of pairs.values()) {
    for (const parallel of beside.values()) strands.push(...lanes(parallel));
  }
  return { strands, degree, neighbours };
}

/**
 * Spreads parallel links over arcs.
 * @param {PictureLink[]} parallel
 * @returns {Strand[]}
 */
function lanes(parallel) {
  const isTurned = (link) => link.from > link.to;
  if (parallel.length <= ARCS_MAX) {
    return parallel.map((link, at) => {
      const lane = at - (parallel.length - 1) / 2;
      return { link, links: [link], lane, ring: at, isTurned: isTurned(link) };
    });
  }
  // What a person looks at is not hidden in a number.
  const alone = parallel.filter((link) => link.state || link.selected).slice(0, ARCS_MAX - 1);
  const together = parallel.filter((link) => !alone.includes(link));
  const strands = [{ link: together[0], links: together }];
  strands.push(...alone.map((link) => ({ link, links: [link] })));
  return strands.map((strand, at) => {
    const lane = at - (strands.length - 1) / 2;
    return { ...strand, lane, ring: at, isTurned: isTurned(strand.link) };
  });
}
