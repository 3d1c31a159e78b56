/**
 * The camera: which part of the layout is in view, and how large. Positions of the layout are
 * turned into CSS pixels of the view here and nowhere else.
 */

/**
 * @typedef {object} Camera
 * @property {number} x the position of the layout in the middle of the view
 * @property {number} y
 * @property {number} scale CSS pixels for one unit of the layout
 * @property {number} width of the view, in CSS pixels
 * @property {number} height
 */

/** @typedef {{ x: number, y: number }} Point */

const SCALE_MIN = 0.05;
const SCALE_MAX = 4;

/** Fitting never enlarges beyond this, so that two nodes do not fill the view. */
const FIT_MAX = 1.4;

/** Room around what is fitted, for texts, in CSS pixels. */
const BORDER = { across: 84, down: 48 };

/**
 * Returns where a position of the layout is in the view.
 * @param {Camera} camera
 * @param {Point} point
 * @returns {Point}
 */
export function toView(camera, point) {
  return {
    x: (point.x - camera.x) * camera.scale + camera.width / 2,
    y: (point.y - camera.y) * camera.scale + camera.height / 2,
  };
}

/**
 * Returns which position of the layout is at a point of the view.
 * @param {Camera} camera
 * @param {Point} point
 * @returns {Point}
 */
export function toLayout(camera, point) {
  return {
    x: (point.x - camera.width / 2) / camera.scale + camera.x,
    y: (point.y - camera.height / 2) / camera.scale + camera.y,
  };
}

/**
 * Returns the camera after the ground was dragged.
 * @param {Camera} camera
 * @param {number} dx CSS pixels
 * @param {number} dy
 * @returns {Camera}
 */
export function pan(camera, dx, dy) {
  return { ...camera, x: camera.x - dx / camera.scale, y: camera.y - dy / camera.scale };
}

/**
 * Returns the camera after zooming; what is under the point stays there.
 * @param {Camera} camera
 * @param {number} factor above 1 enlarges
 * @param {Point} [point] CSS pixels of the view, its middle if absent
 * @returns {Camera}
 */
export function zoom(camera, factor, point = { x: camera.width / 2, y: camera.height / 2 }) {
  const scale = Math.min(Math.max(camera.scale * factor, SCALE_MIN), SCALE_MAX);
  const held = toLayout(camera, point);
  return {
    ...camera,
    scale,
    x: held.x - (point.x - camera.width / 2) / scale,
    y: held.y - (point.y - camera.height / 2) / scale,
  };
}

/**
 * Returns a camera that shows all points.
 * @param {Iterable<Point>} points
 * @param {number} width of the view, in CSS pixels
 * @param {number} height
 * @returns {Camera}
 */
export function fit(points, width, height) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const { x, y } of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  if (!(left <= right)) return { x: 0, y: 0, scale: 1, width, height };
  const across = Math.max(width - 2 * BORDER.across, width / 3) / Math.max(right - left, 1);
  const down = Math.max(height - 2 * BORDER.down, height / 3) / Math.max(bottom - top, 1);
  const scale = Math.min(Math.max(Math.min(across, down), SCALE_MIN), FIT_MAX);
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale, width, height };
}

/**
 * Returns a camera on the way from one to another, for a movement that the eye can follow.
 * @param {Camera} from
 * @param {Camera} to
 * @param {number} share of the time, from 0 to 1
 * @returns {Camera}
 */
export function between(from, to, share) {
  const eased = share * share * (3 - 2 * share);
  const mix = (a, b) => a + (b - a) * eased;
  return {
    x: mix(from.x, to.x),
    y: mix(from.y, to.y),
    scale: from.scale * (to.scale / from.scale) ** eased,
    width: to.width,
    height: to.height,
  };
}

/**
 * Returns how large a node is drawn beside its size in the layout: zooming in makes room
 * rather than large nodes, zooming out keeps them visible.
 * @param {number} scale
 */
export const nodeScale = (scale) => (scale < 1 ? Math.max(scale, 0.3) : 1 + (scale - 1) * 0.3);
