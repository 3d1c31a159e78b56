/**
 * Where new nodes come in: in the widest free sector around what they hang on, at the length
 * of a link, and what hangs on nothing on a free spot of a spiral around the middle.
 */

import { hash } from "./shapes.mjs";

/** Distance between nodes that are linked, in the units of the layout. */
export const LINK_LENGTH = 92;

/** Distance that nodes keep which came in side by side. */
const SPACING = 46;

/** How far a node looks around for what is in a sector. */
const SIGHT = 2.2 * LINK_LENGTH;

const TURN = 2 * Math.PI;

/** The angle of the spiral: no two of its first thousand arms coincide. */
export const GOLDEN_ANGLE = TURN * 0.381966;

/** A fan is no wider, so that it points away from what its node hangs on. */
const FAN_MAX = TURN * 0.72;

/** @typedef {{ x: number, y: number }} Point */

/**
 * Rounds a coordinate, so that engines whose sines differ in the last bit give the same picture.
 * @param {number} value
 */
export const rounded = (value) => Math.round(value * 64) / 64;

/**
 * Places all ids that have no position yet.
 * @param {readonly string[]} ids in the order of the model
 * @param {Map<string, string[]>} neighbours of each id
 * @param {Map<string, Point>} positions gets the new ones
 * @param {number} seed
 */
export function place(ids, neighbours, positions, seed) {
  const index = new Cells(positions);
  const add = (id, point) => {
    positions.set(id, point);
    index.add(point);
  };
  const grow = (from) => {
    // Nearest first: each node that is placed places what hangs on it.
    for (let at = 0; at < from.length; at += 1) {
      const fresh = (neighbours.get(from[at]) ?? []).filter((id) => !positions.has(id));
      fan(positions.get(from[at]), fresh.length, index, hash(from[at], seed)).forEach(
        (point, turn) => {
          add(fresh[turn], point);
          from.push(fresh[turn]);
        },
      );
    }
  };
  grow(ids.filter((id) => positions.has(id)));
  const degree = (id) => neighbours.get(id)?.length ?? 0;
  const roots = ids.filter((id) => !positions.has(id));
  roots.sort((a, b) => degree(b) - degree(a));
  let arm = 0;
  for (const id of roots) {
    if (positions.has(id)) continue;
    const room = degree(id) > 0 ? LINK_LENGTH * 1.6 : SPACING * 1.2;
    for (let tries = 0; ; tries += 1, arm += 1) {
      const distance = SPACING * Math.sqrt(arm);
      const point = around({ x: 0, y: 0 }, distance, arm * GOLDEN_ANGLE);
      if (index.isFree(point, room) || tries > 4096) {
        add(id, point);
        break;
      }
    }
    grow([id]);
  }
}

/**
 * Returns the places of a number of new nodes around one that has its place.
 * @param {Point} centre
 * @param {number} count
 * @param {Cells} index
 * @param {number} seed
 * @returns {Point[]}
 */
function fan(centre, count, index, seed) {
  if (count === 0) return [];
  const [start, width] = widestSector(centre, index, seed);
  const usable = Math.min(width, FAN_MAX);
  const isWhole = width === TURN;
  const from = isWhole ? start : start + (width - usable) / 2;
  const sweep = isWhole ? TURN : usable;
  const points = [];
  let distance = LINK_LENGTH;
  while (points.length < count) {
    // Each ring takes what fits into it; a further one lies outside.
    const left = count - points.length;
    const fits = Math.max(1, Math.floor((distance * sweep) / SPACING));
    const here = Math.min(left, fits);
    for (let at = 0; at < here; at += 1) {
      const share = isWhole ? at / here : (at + 1) / (here + 1);
      points.push(around(centre, distance, from + sweep * share));
    }
    distance += SPACING;
  }
  return points;
}

/**
 * Returns the start and the width of the widest sector without a node, as angles.
 * @param {Point} centre
 * @param {Cells} index
 * @param {number} seed
 * @returns {[number, number]}
 */
function widestSector(centre, index, seed) {
  const angles = index
    .within(centre, SIGHT)
    .map((point) => Math.atan2(point.y - centre.y, point.x - centre.x))
    .sort((a, b) => a - b);
  if (angles.length === 0) return [(seed / 2 ** 32) * TURN, TURN];
  let [start, width] = [0, -1];
  angles.forEach((angle, at) => {
    const next = at + 1 < angles.length ? angles[at + 1] : angles[0] + TURN;
    if (next - angle > width + 1e-9) [start, width] = [angle, next - angle];
  });
  // What is nearly whole is not: one neighbour stands in it.
  return [start, Math.min(width, TURN * 0.9999)];
}

/**
 * @param {Point} centre
 * @param {number} distance
 * @param {number} angle
 * @returns {Point}
 */
function around(centre, distance, angle) {
  return {
    x: rounded(centre.x + distance * Math.cos(angle)),
    y: rounded(centre.y + distance * Math.sin(angle)),
  };
}

/** The points by the square that they lie in. */
class Cells {
  /** @param {Map<string, Point>} positions */
  constructor(positions) {
    /** @type {Map<string, Point[]>} */
    this.cells = new Map();
    for (const point of positions.values()) this.add(point);
  }

  /** @param {Point} point */
  add(point) {
    const key = `${Math.floor(point.x / SIGHT)} ${Math.floor(point.y / SIGHT)}`;
    const cell = this.cells.get(key);
    if (cell) cell.push(point);
    else this.cells.set(key, [point]);
  }

  /**
   * Returns the points that are no further away, without those at the very place.
   * @param {Point} centre
   * @param {number} distance at most `SIGHT`
   */
  within(centre, distance) {
    const found = [];
    const [column, row] = [Math.floor(centre.x / SIGHT), Math.floor(centre.y / SIGHT)];
    for (let across = column - 1; across <= column + 1; across += 1) {
      for (let down = row - 1; down <= row + 1; down += 1) {
        for (const point of this.cells.get(`${across} ${down}`) ?? []) {
          const squared = (point.x - centre.x) ** 2 + (point.y - centre.y) ** 2;
          if (squared > 1 && squared <= distance * distance) found.push(point);
        }
      }
    }
    return found;
  }

  /**
   * @param {Point} point
   * @param {number} room
   */
  isFree(point, room) {
    return this.within(point, Math.min(room, SIGHT)).length === 0 && !this.holds(point);
  }

  /** @param {Point} point */
  holds(point) {
    const key = `${Math.floor(point.x / SIGHT)} ${Math.floor(point.y / SIGHT)}`;
    return (this.cells.get(key) ?? []).some((it) => it.x === point.x && it.y === point.y);
  }
}
