/**
 * Paints marks on a canvas. Outlines of one style are painted at once: changing styles and
 * starting paths is what costs time.
 */

import {
  BASELINE, backingOf, drawDecoration, drawGroup, drawLink, drawNode, textStyle,
} from "./appearance.mjs";
import { badgeOf, badgeText } from "./badge.mjs";
import { FONT } from "./theme.mjs";

/** More pixels for one CSS pixel cost time and are hardly seen. */
const PIXEL_RATIO_MAX = 2;

/** Outlines of one path: a path of twice as many takes more than twice as long. */
const PATH_OUTLINES = 16;

/**
 * Gives a canvas the size of its box, in the pixels of the screen.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width CSS pixels
 * @param {number} height
 * @param {number} ratio pixels of the screen for one CSS pixel
 * @returns {CanvasRenderingContext2D}
 */
export function resize(canvas, width, height, ratio) {
  const scale = Math.min(Math.max(ratio || 1, 1), PIXEL_RATIO_MAX);
  const [across, down] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

/**
 * Paints marks in place of what was there. Without a ground among them, as on the upper of two
 * canvases, the rest stays clear.
 * @param {CanvasRenderingContext2D} context
 * @param {readonly any[]} marks
 * @param {import("./theme.mjs").Theme} theme
 */
export function paint(context, marks, theme) {
  clear(context, marks.find((mark) => mark.kind === "ground"), theme);
  const passes = { links: new Batch(), bodies: new Batch(), decorations: new Batch() };
  for (const mark of marks) {
    if (mark.kind === "link") drawLink(mark, theme, passes.links.emit);
    else if (mark.kind === "node") drawNode(mark, theme, passes.bodies.emit);
    else if (mark.kind === "group") drawGroup(mark, theme, passes.bodies.emit);
    if (mark.kind === "node" || mark.kind === "group") {
      drawDecoration(mark, theme, passes.decorations.emit);
    }
  }
  context.lineCap = "butt";
  context.lineJoin = "round";
  for (const pass of Object.values(passes)) pass.paint(context);
  context.setLineDash([]);
  for (const mark of marks) {
    if (mark.kind === "text") write(context, mark, theme);
    else if (mark.kind === "node") writeBadge(context, mark, theme);
  }
  context.globalAlpha = 1;
}

/** How many widths are remembered. */
const WIDTHS_MAX = 20000;

/**
 * Returns a function that measures texts as this context draws them, for the scene.
 * @param {CanvasRenderingContext2D} context
 * @returns {(text: string, size: number, weight: number) => number}
 */
export function textMeasure(context) {
  /** @type {Map<string, number>} */
  const widths = new Map();
  return (text, size, weight) => {
    const key = `${weight} ${size} ${text}`;
    let width = widths.get(key);
    if (width === undefined) {
      if (widths.size >= WIDTHS_MAX) widths.clear();
      context.font = `${weight} ${size}px ${FONT}`;
      width = context.measureText(text).width;
      widths.set(key, width);
    }
    return width;
  };
}

/** Clears the canvas, or covers it with the ground. */
function clear(context, ground, theme) {
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  if (ground) {
    context.fillStyle = theme.ground;
    context.fillRect(0, 0, context.canvas.width, context.canvas.height);
  }
  context.restore();
}

/** Outlines by their style, in the order in which the styles were first used. */
class Batch {
  constructor() {
    /** @type {Map<import("./appearance.mjs").Style, any[]>} */
    this.outlines = new Map();
    /** @type {import("./appearance.mjs").Emit} */
    this.emit = (style, trace, mark) => {
      const list = this.outlines.get(style);
      if (list) list.push(trace, mark);
      else this.outlines.set(style, [trace, mark]);
    };
  }

  /** @param {CanvasRenderingContext2D} context */
  paint(context) {
    for (const [style, list] of this.outlines) {
      context.globalAlpha = style.alpha ?? 1;
      context.setLineDash(style.dash ?? []);
      if (style.fill) context.fillStyle = style.fill;
      if (style.stroke) {
        context.strokeStyle = style.stroke;
        context.lineWidth = style.width;
      }
      for (let start = 0; start < list.length; start += PATH_OUTLINES * 2) {
        const end = Math.min(start + PATH_OUTLINES * 2, list.length);
        context.beginPath();
        for (let at = start; at < end; at += 2) list[at](context, list[at + 1]);
        if (style.fill) context.fill();
        if (style.stroke) context.stroke();
      }
    }
  }
}

/** Writes a text with the ground around its letters. */
function write(context, mark, theme) {
  const style = textStyle(mark, theme);
  const baseline = mark.y + mark.size * BASELINE;
  context.globalAlpha = style.alpha;
  context.font = style.font;
  context.textAlign = mark.align;
  context.textBaseline = "alphabetic";
  if (style.backing) {
    const { x, y, width, height } = backingOf(mark);
    context.fillStyle = style.backing;
    context.fillRect(x, y, width, height);
  }
  if (style.halo) {
    context.strokeStyle = style.halo;
    context.lineWidth = style.haloWidth;
    context.strokeText(mark.text, mark.x, baseline);
  }
  context.fillStyle = style.fill;
  context.fillText(mark.text, mark.x, baseline);
}

/** Writes the text of a node's badge. */
function writeBadge(context, mark, theme) {
  const badge = badgeOf(mark);
  if (badge) write(context, badgeText(badge), theme);
}
