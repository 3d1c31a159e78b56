/**
 * What a kind of record looks like: one of six shapes and one of eight colours, the same on
 * every machine because both follow from the kind's key alone.
 */

/** @typedef {"circle"|"square"|"diamond"|"hexagon"|"triangle"|"rounded"} Shape */

/**
 * Where an outline is drawn: a canvas context, or the path of an SVG.
 * @typedef {object} Path
 * @property {(x: number, y: number) => void} moveTo
 * @property {(x: number, y: number) => void} lineTo
 * @property {(ax: number, ay: number, bx: number, by: number, x: number, y: number) => void} bezierCurveTo
 * @property {() => void} closePath
 */

/** @type {readonly Shape[]} */
export const SHAPES = ["circle", "square", "diamond", "hexagon", "triangle", "rounded"];

/** How many colours each theme has for kinds. */
export const COLOURS = 8;

/** The standard kinds: their looks belong to them alone. */
const FIXED = new Map([
  ["contact", { shape: SHAPES[0], colour: 0 }],
  ["opportunity", { shape: SHAPES[2], colour: 2 }],
  ["business", { shape: SHAPES[1], colour: 3 }],
  ["task", { shape: SHAPES[4], colour: 5 }],
]);

/**
 * Returns a well-mixed number of 32 bits for a text (FNV-1a, then a finalizer).
 * @param {string} text
 * @param {number} [seed]
 */
export function hash(text, seed = 0) {
  let bits = 0x811c9dc5 ^ seed;
  for (let at = 0; at < text.length; at += 1) {
    bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193);
  }
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** The looks of all other kinds. Contacts are everywhere, so that their colour is theirs alone. */
const OTHERS = SHAPES.flatMap((shape) =>
  Array.from({ length: COLOURS }, (_, colour) => ({ shape, colour })),
).filter(({ shape, colour }) =>
  colour !== FIXED.get("contact").colour &&
  [...FIXED.values()].every((fixed) => fixed.shape !== shape || fixed.colour !== colour),
);

/** Chosen so that houses, viewings and other usual kinds differ in shape and colour. */
const SEED = 133;

/**
 * Returns the shape of a kind and the number of its colour in the palette of a theme.
 * @param {string} kind
 * @returns {{ shape: Shape, colour: number }}
 */
export function look(kind) {
  return FIXED.get(kind) ?? OTHERS[hash(kind, SEED) % OTHERS.length];
}

/** Factors that give all shapes about the area of the circle. */
const REACH = { circle: 1, square: 0.89, diamond: 1.22, hexagon: 1.1, triangle: 1.3, rounded: 0.96 };

/** Corners of the pointed shapes, as shares of the reach. */
const CORNERS = {
  diamond: [[0, -1], [1, 0], [0, 1], [-1, 0]],
  hexagon: [[1, 0], [0.5, 0.866], [-0.5, 0.866], [-1, 0], [-0.5, -0.866], [0.5, -0.866]],
  triangle: [[0, -1], [0.92, 0.62], [-0.92, 0.62]],
};

/** Distance of the control points of the four curves that make a circle. */
const ROUND = 0.5523;

/**
 * Draws an outline around a point.
 * @param {Path} path
 * @param {Shape} shape
 * @param {number} x
 * @param {number} y
 * @param {number} radius that of the circle of about the same area
 */
export function outline(path, shape, x, y, radius) {
  const reach = radius * REACH[shape];
  if (shape === "circle") circle(path, x, y, reach);
  else if (shape === "square") box(path, x, y, reach, reach, reach * 0.16);
  else if (shape === "rounded") box(path, x, y, reach * 1.14, reach * 0.86, reach * 0.5);
  else {
    CORNERS[shape].forEach(([across, down], at) => {
      if (at === 0) path.moveTo(x + across * reach, y + down * reach);
      else path.lineTo(x + across * reach, y + down * reach);
    });
    path.closePath();
  }
}

/** Draws a circle. */
function circle(path, x, y, radius) {
  const pull = radius * ROUND;
  path.moveTo(x + radius, y);
  path.bezierCurveTo(x + radius, y + pull, x + pull, y + radius, x, y + radius);
  path.bezierCurveTo(x - pull, y + radius, x - radius, y + pull, x - radius, y);
  path.bezierCurveTo(x - radius, y - pull, x - pull, y - radius, x, y - radius);
  path.bezierCurveTo(x + pull, y - radius, x + radius, y - pull, x + radius, y);
  path.closePath();
}

/**
 * Draws a box with round corners around a point.
 * @param {Path} path
 * @param {number} x
 * @param {number} y
 * @param {number} across half of its width
 * @param {number} down half of its height
 * @param {number} corner radius of its corners
 */
export function box(path, x, y, across, down, corner) {
  const [left, right, top, bottom] = [x - across, x + across, y - down, y + down];
  const pull = corner * (1 - ROUND);
  path.moveTo(left + corner, top);
  path.lineTo(right - corner, top);
  path.bezierCurveTo(right - pull, top, right, top + pull, right, top + corner);
  path.lineTo(right, bottom - corner);
  path.bezierCurveTo(right, bottom - pull, right - pull, bottom, right - corner, bottom);
  path.lineTo(left + corner, bottom);
  path.bezierCurveTo(left + pull, bottom, left, bottom - pull, left, bottom - corner);
  path.lineTo(left, top + corner);
  path.bezierCurveTo(left, top + pull, left + pull, top, left + corner, top);
  path.closePath();
}
