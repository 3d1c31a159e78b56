/**
 * What each mark is painted with: which outlines, in which style. The canvas and the SVG draw
 * the same list. Styles are made once for each theme, so that a canvas can paint all outlines
 * of one style at once.
 */

import { badgeOf } from "./badge.mjs";
import { traceCurve } from "./curves.mjs";
import { FONT } from "./theme.mjs";
import { box, outline } from "./shapes.mjs";

/** @typedef {import("./theme.mjs").Theme} Theme */

/**
 * @typedef {object} Style
 * @property {string} [fill]
 * @property {string} [stroke]
 * @property {number} [width] of the stroke
 * @property {readonly number[]} [dash]
 * @property {number} [alpha]
 */

/** @typedef {(path: import("./shapes.mjs").Path, mark: any) => void} Trace */
/** @typedef {(style: Style, trace: Trace, mark: any) => void} Emit */

/** @type {WeakMap<Theme, Map<string, Style>>} */
const known = new WeakMap();

/**
 * Returns the one style object of a theme with a key.
 * @param {Theme} theme
 * @param {string} key
 * @param {() => Style} make
 */
function style(theme, key, make) {
  let styles = known.get(theme);
  if (!styles) known.set(theme, (styles = new Map()));
  let found = styles.get(key);
  if (!found) styles.set(key, (found = make()));
  return found;
}

/** @type {Trace} */
const traceLink = (path, mark) => traceCurve(path, mark.curve, mark.straight);

/** @type {Trace} */
const traceBody = (path, mark) => outline(path, mark.shape, mark.x, mark.y, mark.radius);

/**
 * Returns the trace of a ring around a node or group.
 * @param {number} gap between outline and ring
 * @returns {Trace}
 */
const ring = (gap) => (path, mark) => {
  if (mark.kind === "group") {
    const [across, down] = [mark.across + gap, mark.down + gap];
    box(path, mark.x, mark.y, across, down, down * 0.75);
  } else outline(path, mark.shape, mark.x, mark.y, mark.radius + gap);
};

/** Smaller nodes have no rim: it would not be seen, and takes time. */
const RIM_RADIUS = 4;

const RINGS = { rim: ring(2), inner: ring(3.5), outer: ring(6.5), near: ring(4), far: ring(9.5) };

/**
 * Returns the trace of one of the stacked sheets of a group.
 * @param {number} lift 0 is the one in front
 * @returns {Trace}
 */
const sheet = (lift) => (path, { x, y, across, down, zoom }) => {
  const shift = lift * 3 * zoom;
  box(path, x + shift, y - shift, across, down, down * 0.75);
};

const SHEETS = [sheet(2), sheet(1), sheet(0)];

/** @type {Trace} */
const traceGlyph = (path, { x, y, across, zoom, shape }) =>
  outline(path, shape, x - across + 13 * zoom, y, 5 * zoom);

/** @type {Trace} */
const tracePin = (path, { x, y, radius }) => {
  const [away, size] = [radius * 0.72 + 2, 3.2];
  box(path, x + away, y + away, size, size, size);
};

/** @type {Trace} */
const traceBadge = (path, mark) => {
  const badge = badgeOf(mark);
  if (badge) box(path, badge.x, badge.y, badge.across, badge.down, badge.down);
};

/**
 * Emits the outlines of a link.
 * @param {any} mark
 * @param {Theme} theme
 * @param {Emit} emit
 */
export function drawLink(mark, theme, emit) {
  const { change, faded, selected, isStem, isFar, ids, count } = mark;
  const many = isStem ? count : ids.length > 1 ? ids.length : (mark.item.count ?? 1);
  const thickness = Math.min(Math.round(Math.log10(Math.max(many, 1)) * 2), 8);
  const key = `link ${change} ${faded} ${selected} ${isFar} ${thickness}`;
  const made = style(theme, key, () => ({
    stroke: change ? theme.marks[change] : selected ? theme.accent : theme.link,
    // Up to a width of 1, lines are painted about twice as fast.
    width: (isFar ? 0.6 : 1) + thickness * 0.3 + (selected || change ? 0.6 : 0),
    dash: change === "removed" ? [5, 4] : change === "changed" ? [9, 3] : undefined,
    alpha: faded ? theme.faded.body * 1.4 : isFar && !selected && !change ? 0.6 : 1,
  }));
  emit(made, traceLink, mark);
  if (change !== "violation") return;
  // A light core makes a double line of it.
  emit(style(theme, "link core", () => ({ stroke: theme.ground, width: 0.8 })), traceLink, mark);
}

/**
 * Emits the outlines of a node.
 * @param {any} mark
 * @param {Theme} theme
 * @param {Emit} emit
 */
export function drawNode(mark, theme, emit) {
  const { colour, faded, change } = mark;
  const isGone = change === "removed";
  // The ground around it keeps it apart from links and other nodes.
  if (mark.radius > RIM_RADIUS) emit(style(theme, "rim", () => ({ fill: theme.ground })), RINGS.rim, mark);
  const body = style(theme, `node ${colour} ${faded} ${isGone}`, () => ({
    fill: theme.kinds[colour],
    alpha: faded ? theme.faded.body : isGone ? 0.4 : 1,
  }));
  emit(body, traceBody, mark);
}

/**
 * Emits the outlines of a group: a stack of sheets with the shape of its kind.
 * @param {any} mark
 * @param {Theme} theme
 * @param {Emit} emit
 */
export function drawGroup(mark, theme, emit) {
  const { colour, faded } = mark;
  // Each sheet covers the one behind it, so that each has a style of its own.
  SHEETS.forEach((trace, at) => {
    const made = style(theme, `group ${at} ${colour} ${faded}`, () => ({
      fill: theme.card,
      stroke: theme.kinds[colour],
      width: 1.4,
      alpha: faded ? theme.faded.body : 1,
    }));
    emit(made, trace, mark);
  });
  const glyph = style(theme, `glyph ${colour} ${faded}`, () => ({
    fill: theme.kinds[colour],
    alpha: faded ? theme.faded.body : 1,
  }));
  emit(glyph, traceGlyph, mark);
}

/**
 * Emits what is around a node or group: rings, pin and badge.
 * @param {any} mark
 * @param {Theme} theme
 * @param {Emit} emit
 */
export function drawDecoration(mark, theme, emit) {
  const { selected, change, pinned, faded, hovered } = mark;
  if (hovered) {
    const made = style(theme, "hovered", () => ({ stroke: theme.accent, width: 1.6 }));
    emit(made, RINGS.near, mark);
  }
  if (faded && !change) return;
  if (change) {
    const dash = change === "removed" ? [4, 3] : undefined;
    const made = style(theme, `ring ${change}`, () => ({ stroke: theme.marks[change], width: 1.8, dash }));
    emit(made, RINGS.inner, mark);
    if (change === "violation") emit(made, RINGS.outer, mark);
  }
  if (selected) {
    const made = style(theme, "selected", () => ({ stroke: theme.accent, width: 2.4 }));
    emit(made, change === "violation" ? RINGS.far : change ? RINGS.outer : RINGS.near, mark);
  }
  if (pinned) {
    const made = style(theme, "pin", () => ({ fill: theme.text, stroke: theme.ground, width: 1.6 }));
    emit(made, tracePin, mark);
  }
  const badge = badgeOf(mark);
  if (!badge) return;
  const made = style(theme, `badge ${change} ${badge.isQuiet}`, () => ({
    fill: badge.isQuiet ? theme.card : change ? theme.marks[change] : theme.accent,
    stroke: badge.isQuiet ? theme.link : theme.ground,
    width: badge.isQuiet ? 1 : 1.6,
  }));
  emit(made, traceBadge, mark);
}

/**
 * Returns how a text is painted.
 * @param {any} mark
 * @param {Theme} theme
 */
export function textStyle(mark, theme) {
  const { tone, size, weight, faded, isInside, isOnLink } = mark;
  const colours = { text: theme.text, soft: theme.soft, accent: theme.accent, ground: theme.ground };
  return {
    fill: colours[tone] ?? theme.marks[tone] ?? theme.text,
    halo: isInside || isOnLink ? "" : theme.ground,
    haloWidth: 3.5,
    // A link is interrupted where its text is: it must not show between the words.
    backing: isOnLink ? theme.ground : "",
    font: `${weight} ${size}px ${FONT}`,
    alpha: faded ? theme.faded.text : 1,
  };
}

/**
 * Returns the box behind a text that lies on a link.
 * @param {any} mark
 */
export function backingOf({ x, y, width, size }) {
  return { x: x - width / 2 - 3, y: y - size * 0.58, width: width + 6, height: size * 1.16 };
}

/** Distance from the middle of a line to its base line, as a share of the size. */
export const BASELINE = 0.35;
