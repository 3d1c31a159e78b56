/** Which parts of the view are covered by nodes and texts, as a raster of small squares. */

import { badgeOf } from "./badge.mjs";

/** Side of a square in CSS pixels, and the largest number of squares. */
const SIDE = 4;
const SQUARES_MAX = 4e6;

/** Texts of what is just outside the view are placed too, so that they do not jump at its edge. */
const BORDER = 160;

/** @typedef {{ left: number, top: number, right: number, bottom: number }} Box */

export class Occupancy {
  /**
   * @param {readonly any[]} nodes marks of nodes and groups
   * @param {any} view
   * @param {boolean} withNodes whether nodes are in the way, too
   */
  constructor(nodes, view, withNodes) {
    const box = view.options.whole ? around(nodes) : {
      left: 0, top: 0, right: view.camera.width, bottom: view.camera.height,
    };
    this.left = box.left - BORDER;
    this.top = box.top - BORDER;
    const [width, height] = [box.right - this.left + BORDER, box.bottom - this.top + BORDER];
    this.side = Math.max(SIDE, Math.sqrt((width * height) / SQUARES_MAX));
    this.columns = Math.ceil(width / this.side);
    this.rows = Math.ceil(height / this.side);
    this.squares = new Uint8Array(this.columns * this.rows);
    for (const mark of withNodes ? nodes : []) {
      const { x, y, across, down, radius } = mark;
      const [wide, high] = [(across ?? radius) - 1, (down ?? radius) - 1];
      this.take({ left: x - wide, right: x + wide, top: y - high, bottom: y + high });
      const badge = badgeOf(mark);
      if (badge) this.take(boxAround(badge));
    }
  }

  /**
   * Says whether nothing is in a box. Outside the raster nothing is free.
   * @param {Box} box
   */
  isFree(box) {
    const [first, last, top, bottom] = this.range(box);
    if (first < 0 || top < 0 || last >= this.columns || bottom >= this.rows) return false;
    for (let row = top; row <= bottom; row += 1) {
      const start = row * this.columns;
      for (let at = start + first; at <= start + last; at += 1) {
        if (this.squares[at] === 1) return false;
      }
    }
    return true;
  }

  /** @param {Box} box */
  take(box) {
    const [first, last, top, bottom] = this.range(box);
    const [from, to] = [Math.max(first, 0), Math.min(last, this.columns - 1)];
    for (let row = Math.max(top, 0); row <= Math.min(bottom, this.rows - 1); row += 1) {
      if (from <= to) this.squares.fill(1, row * this.columns + from, row * this.columns + to + 1);
    }
  }

  /**
   * Returns the columns and rows of a box.
   * @param {Box} box
   */
  range(box) {
    return [
      Math.floor((box.left - this.left) / this.side),
      Math.ceil((box.right - this.left) / this.side) - 1,
      Math.floor((box.top - this.top) / this.side),
      Math.ceil((box.bottom - this.top) / this.side) - 1,
    ];
  }
}

/** Returns a box from its middle and half of its sides. */
const boxAround = ({ x, y, across, down }) => ({
  left: x - across, right: x + across, top: y - down, bottom: y + down,
});

/** Returns the box around all marks. */
function around(nodes) {
  const box = { left: 0, top: 0, right: 1, bottom: 1 };
  for (const { x, y, across, radius } of nodes) {
    const reach = (across ?? radius) + 8;
    box.left = Math.min(box.left, x - reach);
    box.right = Math.max(box.right, x + reach);
    box.top = Math.min(box.top, y - reach);
    box.bottom = Math.max(box.bottom, y + reach);
  }
  return box;
}
