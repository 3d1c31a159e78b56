/**
 * The layout: springs along links, and nodes that push each other away. It is deterministic:
 * the same seed and the same sequence of calls give the same numbers, however the ticks are
 * spread over frames. What has its place keeps it until somebody drags it or asks for a tidy
 * picture; only what is new moves.
 */

import { Bodies } from "./bodies.mjs";
import { boxOf, Taken } from "./overlaps.mjs";
import { place } from "./placement.mjs";

/** Ticks until everything has cooled; then nothing runs. */
const TICKS = 300;

/** The heat falls from 1 to this over all ticks. */
const COLDEST = 0.001;

const COOLING = COLDEST ** (1 / TICKS);
/** A first picture of so many nodes does not move: it is laid out at once, and turned. */
const AT_ONCE_MAX = 150;

/** More would make the distances say what they do not mean. */
const STRETCH_MAX = 1.5;

/** How many nodes that were taken off keep their place for their return. */
const REMEMBERED_MAX = 4000;

/** @typedef {import("./scene.mjs").PictureModel} PictureModel */
/** @typedef {{ x: number, y: number }} Point */

/**
 * Creates a layout.
 * @param {number} [seed]
 * @param {() => number} [clock] milliseconds
 */
export function createLayout(seed = 1, clock = () => performance.now()) {
  /** @type {Map<string, Point>} */
  const positions = new Map();
  /** Places of what was taken off, oldest first. @type {Map<string, Point>} */
  const remembered = new Map();
  /** @type {Set<string>} */
  const pinned = new Set();
  let bodies = new Bodies([], [], positions, { seed, spacing: 1 });
  let heat = 0;

  /** Lays out a first picture, its longer side across: views and texts are wide. */
  function settle(aspect) {
    for (; heat > COLDEST; heat *= COOLING) bodies.tick(heat);
    heat = 0;
    bodies.turn(Math.min(Math.max(Math.sqrt(aspect), 1), STRETCH_MAX));
    bodies.separate();
    bodies.free(() => false);
    bodies.write(positions);
  }

  /** Gives what was taken off its place back, unless something else is there now. */
  function recall(items) {
    const taken = new Taken();
    for (const item of items) {
      const point = positions.get(item.id);
      if (point) taken.add(boxOf(item, point));
    }
    for (const item of items) {
      const point = remembered.get(item.id);
      if (!point) continue;
      remembered.delete(item.id);
      if (!taken.isFree(boxOf(item, point))) continue;
      positions.set(item.id, point);
      taken.add(boxOf(item, point));
    }
    for (const id of remembered.keys()) {
      if (remembered.size <= REMEMBERED_MAX) break;
      remembered.delete(id);
    }
  }

  return {
    /** Where everything is; the points are replaced in place by `tick`. */
    positions,

    /**
     * Takes another model. What was there stays; what is new comes in near what it hangs on.
     * @param {PictureModel} model
     */
    setGraph(model) {
      const items = [...model.nodes, ...model.groups];
      const ids = items.map((item) => item.id);
      const known = new Set(ids);
      for (const [id, point] of positions) {
        if (known.has(id)) continue;
        remembered.delete(id);
        remembered.set(id, point);
        positions.delete(id);
        pinned.delete(id);
      }
      recall(items);
      const fresh = new Set(ids.filter((id) => !positions.has(id)));
      const edges = edgesOf(model, known);
      place(ids, neighboursOf(edges), positions, seed);
      const [old, wasHot] = [bodies, heat > 0];
      bodies = new Bodies(items, edges, positions, { seed, spacing: model.spacing ?? 1 });
      bodies.free((id) => !pinned.has(id) && (fresh.has(id) || (wasHot && old.isFree(id))));
      if (fresh.size > 0) heat = 1;
      if (fresh.size === ids.length && ids.length <= AT_ONCE_MAX) settle(model.aspect ?? 1);
    },

    /**
     * Moves what is free, for as long as is given.
     * @param {number} [milliseconds] Infinity runs it to the end
     * @returns {boolean} whether everything is settled
     */
    tick(milliseconds = Infinity) {
      const end = clock() + milliseconds;
      while (heat > COLDEST && bodies.hasFree) {
        bodies.tick(heat);
        heat *= COOLING;
        if (heat <= COLDEST) bodies.separate();
        if (clock() >= end) break;
      }
      bodies.write(positions);
      if (heat > COLDEST && bodies.hasFree) return false;
      heat = 0;
      bodies.free(() => false);
      return true;
    },

    /**
     * Puts a node where the person wants it, and with it what hangs on nothing else.
     * @param {string} id
     * @param {number} x
     * @param {number} y
     */
    pin(id, x, y) {
      pinned.add(id);
      bodies.move(id, x, y, pinned);
      bodies.write(positions);
    },

    /**
     * Puts nodes where another layout has them; nothing moves afterwards.
     * @param {Iterable<[string, Point]>} places
     */
    arrange(places) {
      for (const [id, { x, y }] of places) bodies.put(id, x, y);
      bodies.free(() => false);
      heat = 0;
      bodies.write(positions);
    },

    /**
     * Lets a node find its place again.
     * @param {string} id
     */
    unpin(id) {
      if (!pinned.delete(id)) return;
      bodies.free((other) => other === id || bodies.isFree(other));
      heat = Math.max(heat, 0.3);
    },

    /** Lets everything move that is not pinned. */
    tidy() {
      bodies.free((id) => !pinned.has(id));
      heat = 1;
    },

    /** @param {string} id */
    isPinned: (id) => pinned.has(id),
  };
}

/**
 * Returns the pairs of ids that are linked or belong together, each once.
 * @param {PictureModel} model
 * @param {Set<string>} known
 * @returns {[string, string][]}
 */
function edgesOf(model, known) {
  const edges = new Map();
  const add = (from, to) => {
    if (from === to || !known.has(from) || !known.has(to)) return;
    const pair = from < to ? [from, to] : [to, from];
    edges.set(JSON.stringify(pair), pair);
  };
  for (const link of model.links) add(link.from, link.to);
  for (const group of model.groups) add(group.parent, group.id);
  return [...edges.values()];
}

/** @param {[string, string][]} edges */
function neighboursOf(edges) {
  /** @type {Map<string, string[]>} */
  const neighbours = new Map();
  for (const [from, to] of edges) {
    for (const [one, other] of [[from, to], [to, from]]) {
      const list = neighbours.get(one);
      if (list) list.push(other);
      else neighbours.set(one, [other]);
    }
  }
  return neighbours;
}
