/**
 * Keeps what is newly placed off what is there: springs alone may leave a record on top of
 * another, which nobody would see any more.
 */

import { GOLDEN_ANGLE, rounded } from "./placement.mjs";
import { GROUP_DOWN, groupAcross, nodeRadius } from "./sizes.mjs";

/** Room that two items keep for their rings and badges, in the units of the layout. */
const GAP = 14;

/** How far apart the places are that are tried, and how many of them. */
const STEP = 9;
const TRIES_MAX = 4096;

/** The side of a cell: nothing that overlaps an item is further than in the next one. */
const SIDE = 96;

/** @typedef {{ x: number, y: number, across: number, down: number }} Box its middle, and half of its width and height */

/**
 * Returns the box of an item, with half of its gap.
 * @param {any} item a node or group
 * @param {{ x: number, y: number }} at where its middle is
 * @returns {Box}
 */
export function boxOf(item, { x, y }) {
  const isGroup = "parent" in item;
  return {
    x, y,
    across: (isGroup ? groupAcross(item) : nodeRadius(item)) + GAP / 2,
    down: (isGroup ? GROUP_DOWN : nodeRadius(item)) + GAP / 2,
  };
}

/**
 * Says whether two boxes have a point in common.
 * @param {Box} one @param {Box} other
 */
export const overlap = (one, other) =>
  Math.abs(one.x - other.x) < one.across + other.across && Math.abs(one.y - other.y) < one.down + other.down;

/** Boxes that are taken, by the cell that their middle lies in. */
export class Taken {
  constructor() {
    /** @type {Map<string, Box[]>} */
    this.cells = new Map();
  }

  /** @param {Box} box */
  add(box) {
    const key = `${Math.floor(box.x / SIDE)} ${Math.floor(box.y / SIDE)}`;
    const cell = this.cells.get(key);
    if (cell) cell.push(box);
    else this.cells.set(key, [box]);
  }

  /** @param {Box} box */
  isFree(box) {
    const [column, row] = [Math.floor(box.x / SIDE), Math.floor(box.y / SIDE)];
    for (let across = column - 1; across <= column + 1; across += 1) {
      for (let down = row - 1; down <= row + 1; down += 1) {
        if (this.cells.get(`${across} ${down}`)?.some((other) => overlap(box, other))) return false;
      }
    }
    return true;
  }

  /**
   * Moves a box to the nearest place that is free, takes it, and returns it.
   * @param {Box} box
   */
  settle(box) {
    let found = box;
    for (let turn = 1; !this.isFree(found) && turn < TRIES_MAX; turn += 1) {
      const [distance, angle] = [STEP * Math.sqrt(turn), turn * GOLDEN_ANGLE];
      found = { ...box, x: rounded(box.x + distance * Math.cos(angle)), y: rounded(box.y + distance * Math.sin(angle)) };
    }
    this.add(found);
    return found;
  }
}
