/**
 * The curves of links: straight lines, arcs for links that are parallel, and loops. A curve is
 * four points, as a cubic Bézier curve has them; a straight line has its control points on it.
 */

/** @typedef {{ x: number, y: number }} Point */
/** @typedef {readonly [number, number, number, number, number, number, number, number]} Curve */

/** How far apart the control points of neighbouring arcs are, as a share of their length. */
const BEND = 0.22;

/** The same in CSS pixels at most, so that long arcs stay slim. */
const BEND_MAX = 46;

/**
 * Returns the curve of one of several parallel links.
 * @param {Point} from
 * @param {Point} to
 * @param {number} lane 0 is straight; arcs are at -1.5, -0.5, 0.5, 1.5 and so on
 * @returns {Curve}
 */
export function linkCurve(from, to, lane) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.sqrt(dx * dx + dy * dy) || 1;
  const bend = lane * Math.min(length * BEND, BEND_MAX);
  const [across, down] = [(-dy / length) * bend, (dx / length) * bend];
  return [
    from.x, from.y,
    from.x + dx * 0.3 + across, from.y + dy * 0.3 + down,
    to.x - dx * 0.3 + across, to.y - dy * 0.3 + down,
    to.x, to.y,
  ];
}

/** A loop goes up if no link leaves within this angle of it. */
const LOOP_ROOM = 0.6;

const UP = -Math.PI / 2;

/**
 * Returns the direction of the loops of a node, as an angle: up, or where its links leave most
 * room.
 * @param {Point} at
 * @param {readonly Point[]} ends the other ends of its links
 */
export function loopAngle(at, ends) {
  const angles = ends.map((end) => Math.atan2(end.y - at.y, end.x - at.x)).sort((a, b) => a - b);
  const isFree = angles.every((angle) => Math.cos(angle - UP) < Math.cos(LOOP_ROOM));
  if (isFree) return UP;
  let [middle, widest] = [UP, 0];
  angles.forEach((angle, place) => {
    const next = angles[place + 1] ?? angles[0] + 2 * Math.PI;
    if (next - angle > widest) [middle, widest] = [(angle + next) / 2, next - angle];
  });
  return middle;
}

/**
 * Returns the curve of a link from a node to itself.
 * @param {Point} at
 * @param {number} radius of the node
 * @param {number} ring 0 is the innermost
 * @param {number} [angle] its direction
 * @returns {Curve}
 */
export function loopCurve(at, radius, ring, angle = UP) {
  const reach = radius * (2.4 + ring) + 24 + ring * 18;
  const [across, down] = [Math.cos(angle) * reach, Math.sin(angle) * reach];
  return [
    at.x, at.y,
    at.x + across + down * 0.9, at.y + down - across * 0.9,
    at.x + across - down * 0.9, at.y + down + across * 0.9,
    at.x, at.y,
  ];
}

/**
 * Returns a point of a curve.
 * @param {Curve} curve
 * @param {number} share of the way, from 0 to 1
 * @returns {Point}
 */
export function pointOf(curve, share) {
  const rest = 1 - share;
  const [a, b, c, d] = [rest ** 3, 3 * rest * rest * share, 3 * rest * share * share, share ** 3];
  return {
    x: a * curve[0] + b * curve[2] + c * curve[4] + d * curve[6],
    y: a * curve[1] + b * curve[3] + c * curve[5] + d * curve[7],
  };
}

/**
 * Says whether a curve is a straight line, which is drawn and measured faster.
 * @param {Curve} curve
 */
export function isStraight(curve) {
  const cross = (x, y) =>
    Math.abs((curve[6] - curve[0]) * (y - curve[1]) - (curve[7] - curve[1]) * (x - curve[0]));
  return !isLoop(curve) && cross(curve[2], curve[3]) < 1 && cross(curve[4], curve[5]) < 1;
}

/** @param {Curve} curve */
const isLoop = (curve) => curve[0] === curve[6] && curve[1] === curve[7];

/**
 * Draws a curve.
 * @param {import("./shapes.mjs").Path} path
 * @param {Curve} curve
 * @param {boolean} straight
 */
export function traceCurve(path, curve, straight) {
  path.moveTo(curve[0], curve[1]);
  if (straight) path.lineTo(curve[6], curve[7]);
  else path.bezierCurveTo(curve[2], curve[3], curve[4], curve[5], curve[6], curve[7]);
}

/**
 * Returns how far a point is from a curve, in the unit of both.
 * @param {Curve} curve
 * @param {boolean} straight
 * @param {number} x
 * @param {number} y
 */
export function distanceTo(curve, straight, x, y) {
  if (straight) return segment(curve[0], curve[1], curve[6], curve[7], x, y);
  let least = Infinity;
  let last = { x: curve[0], y: curve[1] };
  for (let step = 1; step <= 16; step += 1) {
    const next = pointOf(curve, step / 16);
    least = Math.min(least, segment(last.x, last.y, next.x, next.y, x, y));
    last = next;
  }
  return least;
}

/** Returns how far a point is from a part of a line. */
function segment(ax, ay, bx, by, x, y) {
  const [dx, dy] = [bx - ax, by - ay];
  const squared = dx * dx + dy * dy;
  const share = squared > 0 ? ((x - ax) * dx + (y - ay) * dy) / squared : 0;
  const held = Math.min(Math.max(share, 0), 1);
  return Math.sqrt((x - ax - dx * held) ** 2 + (y - ay - dy * held) ** 2);
}
