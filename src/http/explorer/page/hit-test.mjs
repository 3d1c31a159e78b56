/** What is under a point of the view: nodes and groups first, then names, then links. */

import { distanceTo } from "./curves.mjs";

/** A link is hit within this distance at most, so that the ground between links stays free. */
const LINK_TOLERANCE_MAX = 8;

/**
 * Returns the id of what is at a point, or null.
 * @param {readonly any[]} marks
 * @param {number} x CSS pixels of the view
 * @param {number} y
 * @param {number} [tolerance] CSS pixels; 8 for a mouse, 16 for a finger
 * @returns {string | null}
 */
export function hit(marks, x, y, tolerance = 8) {
  return nearest(marks, tolerance, (mark) => distanceToBody(mark, x, y))
    ?? nearest(marks, 0, (mark) => distanceToName(mark, x, y))
    ?? nearest(marks, Math.min(tolerance, LINK_TOLERANCE_MAX), (mark) =>
      mark.kind === "link" ? distanceTo(mark.curve, mark.straight, x, y) : Infinity);
}

/** Returns the id of the nearest mark within a distance; what lies in front wins. */
function nearest(marks, tolerance, distance) {
  let found = null;
  let least = tolerance;
  for (const mark of marks) {
    const away = Math.max(distance(mark), 0);
    if (away <= least) [found, least] = [mark.id, away];
  }
  return found;
}

/** Returns how far a point is outside a node or group. */
function distanceToBody(mark, x, y) {
  if (mark.kind === "node") {
    return Math.sqrt((x - mark.x) ** 2 + (y - mark.y) ** 2) - mark.radius;
  }
  if (mark.kind !== "group") return Infinity;
  const across = Math.abs(x - mark.x) - mark.across;
  const down = Math.abs(y - mark.y) - mark.down;
  return Math.sqrt(Math.max(across, 0) ** 2 + Math.max(down, 0) ** 2);
}

/** Returns 0 within a text, and Infinity outside. */
function distanceToName(mark, x, y) {
  if (mark.kind !== "text" || Math.abs(y - mark.y) > mark.size * 0.7) return Infinity;
  const start = { center: mark.x - mark.width / 2, start: mark.x, end: mark.x - mark.width };
  const left = start[mark.align];
  return x >= left - 2 && x <= left + mark.width + 2 ? 0 : Infinity;
}
