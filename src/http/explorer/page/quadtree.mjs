/**
 * A tree over the points of a layout that answers in n log n what every pair would in n²: how
 * strongly all nodes push one of them away. It lives in typed arrays that each tick uses again.
 */

/** A cell with no more points is not divided. */
const LEAF_POINTS = 6;

/** Coincident points cannot be divided, so no cell is below this depth. */
const DEPTH_MAX = 20;

export class Quadtree {
  /** @param {number} points the largest number of points that it has to hold */
  constructor(points) {
    /** The points, those of a cell side by side. */
    this.order = new Int32Array(points);
    this.reserve(points + 16);
  }

  /**
   * Makes room for a number of cells. They are in preorder: the first child of a cell follows
   * it, and `skip` is the cell after its last descendant, so that no walk needs a stack.
   * @param {number} cells
   */
  reserve(cells) {
    const grown = (Kind, old) => {
      const array = new Kind(cells);
      if (old) array.set(old);
      return array;
    };
    this.skip = grown(Int32Array, this.skip);
    /** The end of a leaf's points in `order`; 0 for a cell that is divided. */
    this.end = grown(Int32Array, this.end);
    this.start = grown(Int32Array, this.start);
    this.mass = grown(Float64Array, this.mass);
    this.x = grown(Float64Array, this.x);
    this.y = grown(Float64Array, this.y);
    this.width = grown(Float64Array, this.width);
  }

  /**
   * Builds the tree of the first `count` points.
   * @param {Float64Array} x
   * @param {Float64Array} y
   * @param {Float64Array} charge above 0
   * @param {number} count
   */
  build(x, y, charge, count) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let at = 0; at < count; at += 1) {
      this.order[at] = at;
      if (x[at] < left) left = x[at];
      if (x[at] > right) right = x[at];
      if (y[at] < top) top = y[at];
      if (y[at] > bottom) bottom = y[at];
    }
    this.points = { x, y, charge };
    this.used = 0;
    if (count > 0) this.divide(0, count, left, top, Math.max(right - left, bottom - top, 1), 0);
  }

  /** Makes the cell of a part of `order`, and those below it. */
  divide(start, end, left, top, width, depth) {
    const cell = this.used;
    this.used += 1;
    if (this.used > this.skip.length) this.reserve(this.skip.length * 2);
    this.width[cell] = width;
    this.start[cell] = start;
    const isLeaf = end - start <= LEAF_POINTS || depth === DEPTH_MAX;
    this.end[cell] = isLeaf ? end : 0;
    let mass = 0;
    let sumX = 0;
    let sumY = 0;
    const { x, y, charge } = this.points;
    for (let at = start; at < end; at += 1) {
      const point = this.order[at];
      mass += charge[point];
      sumX += charge[point] * x[point];
      sumY += charge[point] * y[point];
    }
    this.mass[cell] = mass;
    this.x[cell] = sumX / mass;
    this.y[cell] = sumY / mass;
    if (!isLeaf) {
      const half = width / 2;
      const [across, down] = [left + half, top + half];
      const middle = this.partition(start, end, y, down);
      for (const [from, to, edge] of [[start, middle, top], [middle, end, down]]) {
        const cut = this.partition(from, to, x, across);
        if (cut > from) this.divide(from, cut, left, edge, half, depth + 1);
        if (to > cut) this.divide(cut, to, across, edge, half, depth + 1);
      }
    }
    this.skip[cell] = this.used;
  }

  /** Moves the points below a value to the front of a part of `order`; returns their end. */
  partition(start, end, values, value) {
    const order = this.order;
    let cut = start;
    for (let at = start; at < end; at += 1) {
      const point = order[at];
      if (values[point] < value) {
        order[at] = order[cut];
        order[cut] = point;
        cut += 1;
      }
    }
    return cut;
  }
}
