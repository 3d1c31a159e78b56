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

/** @typedef {{ x: number, y: number, across: number, down: number }} Room */

/**
 * Returns half of the width and of the height of an item, with half of its gap.
 * @param {any} item a node or group
 * @returns {{ across: number, down: number }}
 */
export function extentOf(item) {
  const isGroup = "parent" in item;
  return {
    across: (isGroup ? groupAcross(item) : nodeRadius(item)) + GAP / 2,
    down: (isGroup ? GROUP_DOWN : nodeRadius(item)) + GAP / 2,
  };
}

/**
 * Says whether two rooms have a point in common.
 * @param {Room} one @param {Room} other
 */
export const overlap = (one, other) =>
  Math.abs(one.x - other.x) < one.across + other.across && Math.abs(one.y - other.y) < one.down + other.down;

/** Rooms that are taken, by the cell that their middle lies in. */
export class Taken {
  constructor() {
    /** @type {Map<string, Room[]>} */
    this.cells = new Map();
  }

  /** @param {Room} room */
  add(room) {
    const key = `${Math.floor(room.x / SIDE)} ${Math.floor(room.y / SIDE)}`;
    const cell = this.cells.get(key);
    if (cell) cell.push(room);
    else this.cells.set(key, [room]);
  }

  /** @param {Room} room */
  isFree(room) {
    const [column, row] = [Math.floor(room.x / SIDE), Math.floor(room.y / SIDE)];
    for (let across = column - 1; across <= column + 1; across += 1) {
      for (let down = row - 1; down <= row + 1; down += 1) {
        if (this.cells.get(`${across} ${down}`)?.some((other) => overlap(room, other))) return false;
      }
    }
    return true;
  }

  /**
   * Takes the nearest free place around a room, and returns it.
   * @param {Room} room
   */
  settle(room) {
    let found = room;
    for (let turn = 1; !this.isFree(found) && turn < TRIES_MAX; turn += 1) {
      const [distance, angle] = [STEP * Math.sqrt(turn), turn * GOLDEN_ANGLE];
      found = { ...room, x: rounded(room.x + distance * Math.cos(angle)), y: rounded(room.y + distance * Math.sin(angle)) };
    }
    this.add(found);
    return found;
  }
}
