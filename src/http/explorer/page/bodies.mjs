/** The bodies of the layout in typed arrays, and one tick of the forces between them. */

import { boxOf, Taken } from "./overlaps.mjs";
import { LINK_LENGTH, rounded } from "./placement.mjs";
import { Quadtree } from "./quadtree.mjs";
import { hash } from "./shapes.mjs";
import { GROUP_DOWN, groupAcross, nodeRadius } from "./sizes.mjs";

/** Share of its speed that a body keeps from one tick to the next. */
const FRICTION = 0.6;

/** How strongly bodies push each other away. */
const REPULSION = 580;

/** Beyond this distance they do not notice each other. */
const REACH = 1500;

/** Pull to the middle, so that parts that are not linked stay in sight. */
const GRAVITY = 0.07;

/** Room around a body for its text: more at its sides than above it. */
const MARGIN = 12;
const WIDER = 1.7;

const NARROWER = 1 / (WIDER * WIDER);

/** How fast bodies leave each other's room. */
const PARTING = 0.18;

/** A cell of the tree is opened within this distance, and by its width. */
const NEAR = 30;
const OPENED = 1.1;

/** Links of a hub grow longer by this for the root of the number of its leaves. */
const CROWD = 15;

/** @typedef {{ x: number, y: number }} Point */

export class Bodies {
  /**
   * @param {readonly any[]} items nodes and groups
   * @param {readonly [string, string][]} edges
   * @param {Map<string, Point>} positions
   * @param {{ seed: number, spacing: number }} options
   */
  constructor(items, edges, positions, { seed, spacing }) {
    this.spacing = spacing;
    const count = items.length;
    this.items = items;
    this.slots = new Map(items.map((item, at) => [item.id, at]));
    this.x = Float64Array.from(items, (item) => positions.get(item.id).x);
    this.y = Float64Array.from(items, (item) => positions.get(item.id).y);
    this.vx = new Float64Array(count);
    this.vy = new Float64Array(count);
    this.moves = new Uint8Array(count);
    this.hasFree = false;
    this.charge = new Float64Array(count).fill(1);
    this.room = Float64Array.from(items, (item) => roomOf(item));
    /** A direction of its own for each body, in which it leaves one at the very same place. */
    this.bias = Float64Array.from(items, (item) => (hash(item.id, seed) / 2 ** 32) * 2 - 1);
    this.tree = new Quadtree(count);
    this.connect(edges);
  }

  /** @param {readonly [string, string][]} edges */
  connect(edges) {
    const count = edges.length;
    this.from = Int32Array.from(edges, ([from]) => this.slots.get(from));
    this.to = Int32Array.from(edges, ([, to]) => this.slots.get(to));
    this.degree = new Int32Array(this.x.length);
    for (let at = 0; at < count; at += 1) {
      this.degree[this.from[at]] += 1;
      this.degree[this.to[at]] += 1;
    }
    const leaves = new Int32Array(this.x.length);
    for (let at = 0; at < count; at += 1) {
      if (this.degree[this.from[at]] === 1) leaves[this.to[at]] += 1;
      if (this.degree[this.to[at]] === 1) leaves[this.from[at]] += 1;
    }
    this.length = new Float64Array(count);
    this.strength = new Float64Array(count);
    this.share = new Float64Array(count);
    for (let at = 0; at < count; at += 1) {
      const [from, to] = [this.from[at], this.to[at]];
      const crowd = Math.sqrt(Math.max(leaves[from], leaves[to], 1) - 1);
      this.length[at] = LINK_LENGTH * this.spacing + crowd * CROWD + (this.room[from] + this.room[to]) / 2 - 22;
      this.strength[at] = 1 / Math.min(this.degree[from], this.degree[to]);
      this.share[at] = this.degree[from] / (this.degree[from] + this.degree[to]);
    }
    for (let at = 0; at < this.x.length; at += 1) {
      this.charge[at] = 1 + Math.sqrt(leaves[at]) * 0.8 + this.room[at] / 60;
    }
  }

  /**
   * Says which bodies may move.
   * @param {(id: string) => boolean} isFree
   */
  free(isFree) {
    this.hasFree = false;
    this.items.forEach((item, at) => {
      this.moves[at] = isFree(item.id) ? 1 : 0;
      if (this.moves[at]) this.hasFree = true;
      else this.vx[at] = this.vy[at] = 0;
    });
  }

  /** @param {string} id */
  isFree(id) {
    const slot = this.slots.get(id);
    return slot !== undefined && this.moves[slot] === 1;
  }

  /**
   * Puts a body somewhere, with the leaves that hang on it alone.
   * @param {string} id
   * @param {number} x
   * @param {number} y
   * @param {Set<string>} pinned leaves that stay
   */
  move(id, x, y, pinned) {
    const slot = this.slots.get(id);
    if (slot === undefined || !Number.isFinite(x) || !Number.isFinite(y)) return;
    const [dx, dy] = [x - this.x[slot], y - this.y[slot]];
    for (let at = 0; at < this.from.length; at += 1) {
      const [from, to] = [this.from[at], this.to[at]];
      const other = from === slot ? to : to === slot ? from : -1;
      if (other < 0 || this.degree[other] !== 1 || pinned.has(this.items[other].id)) continue;
      this.x[other] += dx;
      this.y[other] += dy;
    }
    this.put(id, x, y);
  }

  /**
   * Puts a body somewhere, alone.
   * @param {string} id
   * @param {number} x
   * @param {number} y
   */
  put(id, x, y) {
    const slot = this.slots.get(id);
    if (slot === undefined) return;
    this.x[slot] = x;
    this.y[slot] = y;
    this.moves[slot] = 0;
    this.vx[slot] = this.vy[slot] = 0;
  }

  /**
   * Moves what is free by one step.
   * @param {number} heat from 1 to almost 0
   */
  tick(heat) {
    this.pull(heat);
    this.tree.build(this.x, this.y, this.charge, this.x.length);
    const { x, y, vx, vy } = this;
    for (let at = 0; at < x.length; at += 1) {
      if (this.moves[at] === 0) continue;
      vx[at] -= x[at] * GRAVITY * heat;
      vy[at] -= y[at] * GRAVITY * heat;
      this.push(at, heat);
    }
    for (let at = 0; at < x.length; at += 1) {
      if (this.moves[at] === 0) continue;
      vx[at] *= FRICTION;
      vy[at] *= FRICTION;
      x[at] += vx[at];
      y[at] += vy[at];
    }
  }

  /** Lets each link pull or push its ends to its length. */
  pull(heat) {
    const { x, y, vx, vy, moves } = this;
    for (let at = 0; at < this.from.length; at += 1) {
      const from = this.from[at];
      const to = this.to[at];
      const free = moves[from] + moves[to];
      if (free === 0) continue;
      const dx = x[to] + vx[to] - x[from] - vx[from] || this.bias[from] * 1e-3 || 1e-3;
      const dy = y[to] + vy[to] - y[from] - vy[from] || this.bias[to] * 1e-3 || 1e-3;
      const distance = Math.sqrt(dx * dx + dy * dy);
      const force = ((distance - this.length[at]) / distance) * heat * this.strength[at];
      // The end with fewer links gives way; one that is fixed does not.
      const share = free === 2 ? this.share[at] : moves[to];
      vx[to] -= dx * force * share * moves[to];
      vy[to] -= dy * force * share * moves[to];
      vx[from] += dx * force * (1 - share) * moves[from];
      vy[from] += dy * force * (1 - share) * moves[from];
    }
  }

  /**
   * Pushes a body away from all others: from far cells of the tree as from one body, from what
   * is near one by one.
   */
  push(at, heat) {
    const { x, y, charge, tree } = this;
    const { skip, start, end, mass, width, order, used } = tree;
    const here = x[at];
    const there = y[at];
    const repulsion = REPULSION * this.spacing * heat;
    let forceX = 0;
    let forceY = 0;
    for (let cell = 0; cell < used; ) {
      const dx = here - tree.x[cell];
      const dy = there - tree.y[cell];
      const squared = dx * dx + dy * dy;
      const near = NEAR + width[cell] * OPENED;
      if (squared > near * near) {
        if (squared < REACH * REACH) {
          const push = (mass[cell] * repulsion) / squared;
          forceX += dx * push;
          forceY += dy * push;
        }
        cell = skip[cell];
        continue;
      }
      for (let slot = start[cell]; slot < end[cell]; slot += 1) {
        const point = order[slot];
        if (point === at) continue;
        let across = here - x[point];
        let down = there - y[point];
        if (across * across + down * down < 1e-6) {
          across = this.bias[at] || 0.5;
          down = at < point ? 0.7 : -0.7;
        }
        const gap = Math.max(across * across + down * down, 80);
        const push = (charge[point] * repulsion) / gap + this.parting(at, point, across, down);
        forceX += across * push;
        forceY += down * push;
      }
      cell = end[cell] > 0 ? skip[cell] : cell + 1;
    }
    this.vx[at] += forceX;
    this.vy[at] += forceY;
  }

  /** Returns how strongly a body leaves the room of another, as a share of the way. */
  parting(at, other, across, down) {
    const apart = this.room[at] + this.room[other];
    const flat = across * across * NARROWER + down * down;
    if (flat >= apart * apart) return 0;
    const distance = Math.sqrt(flat) || 1e-3;
    return ((apart - distance) / distance) * PARTING;
  }

  /**
   * Turns all bodies around the middle until they lie across rather than upright, and draws them
   * apart sideways.
   * @param {number} stretch at least 1
   */
  turn(stretch) {
    const { x, y } = this;
    let [xx, yy, xy] = [0, 0, 0];
    for (let at = 0; at < x.length; at += 1) {
      xx += x[at] * x[at];
      yy += y[at] * y[at];
      xy += x[at] * y[at];
    }
    const angle = Math.atan2(2 * xy, xx - yy) / 2;
    const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
    for (let at = 0; at < x.length; at += 1) {
      const [across, down] = [x[at] * cosine + y[at] * sine, y[at] * cosine - x[at] * sine];
      x[at] = rounded(across * stretch);
      y[at] = rounded(down);
    }
  }

  /** Moves what is free off everything else; what is not free keeps its place. */
  separate() {
    const taken = new Taken();
    const box = (at) => boxOf(this.items[at], { x: this.x[at], y: this.y[at] });
    for (let at = 0; at < this.x.length; at += 1) if (this.moves[at] === 0) taken.add(box(at));
    for (let at = 0; at < this.x.length; at += 1) {
      if (this.moves[at] === 1) ({ x: this.x[at], y: this.y[at] } = taken.settle(box(at)));
    }
  }

  /**
   * Copies where the bodies are.
   * @param {Map<string, Point>} positions
   */
  write(positions) {
    this.items.forEach((item, at) => {
      const point = positions.get(item.id);
      point.x = this.x[at];
      point.y = this.y[at];
    });
  }
}

/** Returns half of the height of the room that an item keeps for itself and its text. */
function roomOf(item) {
  const isGroup = "parent" in item;
  return MARGIN + (isGroup ? Math.max(GROUP_DOWN, groupAcross(item) / WIDER) : nodeRadius(item));
}
