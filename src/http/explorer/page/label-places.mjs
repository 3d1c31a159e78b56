/** The places that the name of a node or group may have: at one of its sides, or off its middle. */

import { loopAngle } from "./curves.mjs";

/**
 * A place of a name.
 * @typedef {object} Place
 * @property {"below"|"above"|"left"|"right"} side
 * @property {number} shift how far a name above or below is off the middle, as a share of its width
 */

/** @typedef {import("./occupancy.mjs").Box} Box */

/** Room between a mark and its name, in CSS pixels. */
const GAP = 3;

/**
 * The sides in the order in which they read best, and the ways to them.
 * @type {Record<Place["side"], [number, number]>}
 */
const SIDES = { below: [0, 1], right: [1, 0], left: [-1, 0], above: [0, -1] };

const NAMES = /** @type {Place["side"][]} */ (Object.keys(SIDES));

/** A name is moved by this share of its width where it has no room in the middle. */
const SHIFT = 0.34;

/** Links that leave within about 55 degrees of a side are in the way of its text. */
const IN_THE_WAY = 0.57;

/**
 * Returns the box of lines at a place of a mark.
 * @param {any} mark
 * @param {readonly { width: number, size: number }[]} lines
 * @param {Place} place
 * @returns {Box}
 */
export function boxOf(mark, lines, { side, shift }) {
  const width = Math.max(...lines.map((line) => line.width));
  const height = lines.reduce((sum, line) => sum + line.size * 1.2, 0);
  const ring = ringOf(mark);
  const down = (mark.down ?? mark.radius * 1.08) + ring + GAP;
  const across = (mark.across ?? mark.radius * 1.08) + ring + GAP + 2;
  // The sheets of a group are stacked to its upper right.
  const lift = mark.kind === "group" ? 6 * mark.zoom : 0;
  const left = {
    below: mark.x - width / 2 + shift * width, above: mark.x - width / 2 + shift * width,
    right: mark.x + across + lift, left: mark.x - across - width,
  }[side];
  const top = {
    below: mark.y + down, above: mark.y - down - lift - height,
    right: mark.y - height / 2, left: mark.y - height / 2,
  }[side];
  return { left, right: left + width, top, bottom: top + height };
}

/** Returns how far the rings of a mark reach. */
function ringOf({ selected, change }) {
  if (change === "violation") return selected ? 10 : 7;
  return selected && change ? 7 : selected || change ? 5 : 0;
}

/**
 * Returns the places of a mark's name, the best first.
 * @param {any} mark
 * @param {import("./parallel-links.mjs").Links} graph
 * @param {any} view
 * @returns {Place[]}
 */
export function placesOf(mark, graph, view) {
  const neighbours = graph.neighbours.get(mark.id) ?? new Set();
  const sides = neighbours.size === 0 || neighbours.size > 2
    ? emptiest(mark, neighbours, view)
    : outermost(mark, neighbours, view);
  const loops = neighbours.has(mark.id) ? loopSide(mark, neighbours, view) : "";
  const free = sides.filter((side) => side !== loops);
  const middles = free.map((side) => ({ side, shift: 0 }));
  const upright = free.filter((side) => side === "below" || side === "above");
  const shifted = upright.flatMap((side) => [{ side, shift: SHIFT }, { side, shift: -SHIFT }]);
  return [...middles, ...shifted];
}

/** Returns the side at which a mark has its loops. */
function loopSide(mark, neighbours, view) {
  const ends = [...neighbours].filter((id) => id !== mark.id).flatMap((id) => view.points.get(id) ?? []);
  const angle = loopAngle(mark, ends);
  const nearness = ([across, down]) => Math.cos(angle) * across + Math.sin(angle) * down;
  return [...NAMES].sort((a, b) => nearness(SIDES[b]) - nearness(SIDES[a]))[0];
}

/**
 * Returns the sides, first those that the fewest links leave.
 * @returns {Place["side"][]}
 */
function emptiest(mark, neighbours, view) {
  const ways = [];
  for (const id of neighbours) {
    const point = view.points.get(id) ?? mark;
    const [dx, dy] = [point.x - mark.x, point.y - mark.y];
    const distance = Math.sqrt(dx * dx + dy * dy) || 1;
    ways.push([dx / distance, dy / distance]);
  }
  const crowd = ([across, down]) =>
    ways.filter(([dx, dy]) => dx * across + dy * down > IN_THE_WAY).length;
  const sides = NAMES.map((side) => ({ side, crowd: crowd(SIDES[side]) }));
  return sides.sort((a, b) => a.crowd - b.crowd).map(({ side }) => side);
}

/**
 * Returns the sides of a node with one or two neighbours, first those away from them.
 * @returns {Place["side"][]}
 */
function outermost(mark, neighbours, view) {
  let [dx, dy] = [0, 0];
  for (const id of neighbours) {
    const point = view.points.get(id) ?? mark;
    dx += mark.x - point.x;
    dy += mark.y - point.y;
  }
  /** @type {Place["side"][]} */
  const beside = dx >= 0 ? ["right", "left"] : ["left", "right"];
  /** @type {Place["side"][]} */
  const upright = dy >= 0 ? ["below", "above"] : ["above", "below"];
  const isBeside = Math.abs(dx) > 1.3 * Math.abs(dy);
  return isBeside ? [beside[0], ...upright, beside[1]] : [upright[0], ...beside, upright[1]];
}
